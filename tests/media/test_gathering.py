"""Sockets, STUN and TURN: with a real coturn, and with servers that never answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trustme
from aiortc import RTCIceServer, RTCPeerConnection

from media.addresses import Network, host_addresses
from media.gathering import GATHER_LIMIT_S, SERVER_LIMIT, StunServer, servers_of
from media.peer import (
    Peer,
    PeerGoneError,
    accept_answer,
    accept_offer,
    close_peer,
    connected,
    make_offer,
    open_peer,
)
from media.relays import RelayServer
from tests.support.coturn import Certificate, Coturn, deaf_udp, hanging_tcp
from tests.support.door import eventually

NEAR = Network(loopback=True)
# Two busy cores may take this much longer than the limit.
MARGIN_S = 0.25


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificate]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1", "localhost")
    files = Certificate(folder / "chain.pem", folder / "key.pem")
    server.private_key_pem.write_to_path(files.key)
    for blob in server.cert_chain_pems:
        blob.write_to_path(files.chain, append=True)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
        yield files


@pytest.fixture
async def coturn(tmp_path: Path, certificate: Certificate) -> AsyncIterator[Coturn]:
    async with Coturn(tmp_path, certificate) as server:
        yield server


def candidates(pc: RTCPeerConnection, kind: str) -> list[tuple[str, int]]:
    """Address and port of every candidate of a kind in our description."""
    lines = [line.split() for line in pc.localDescription.sdp.splitlines() if "candidate:" in line]
    return [(words[4], int(words[5])) for words in lines if words[7] == kind]


async def meet(caller: Peer, callee: Peer) -> None:
    """Connect the two, at most in the time that a phone waits."""
    caller.addTransceiver("video", direction="recvonly")
    callee.addTransceiver("video", direction="sendonly")
    answer = await accept_offer(callee, await make_offer(caller))
    await accept_answer(caller, answer)
    async with asyncio.timeout(5):
        await asyncio.gather(connected(caller), connected(callee))


@contextlib.asynccontextmanager
async def peers(*opened: Peer) -> AsyncIterator[tuple[Peer, ...]]:
    try:
        yield opened
    finally:
        for pc in opened:
            await close_peer(pc)


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_call_over_nothing_but_a_relay(coturn: Coturn, transport: str) -> None:
    hidden = open_peer([coturn.turn(transport)], network=Network(relay_only=True))
    async with peers(open_peer(network=NEAR), hidden) as (caller, callee):
        began = time.monotonic()
        await meet(caller, callee)
        # aioice alone would retransmit its first check, lost before the relay was open, at 500 ms.
        assert time.monotonic() - began < 0.4
        assert candidates(callee, "relay")
        assert candidates(callee, "host") == []
        assert "raddr 0.0.0.0" in callee.localDescription.sdp
        assert coturn.allocations == 1
    await eventually(lambda: coturn.allocations == 0)


async def test_dead_servers_beside_living_ones_cost_a_moment(coturn: Coturn) -> None:
    with deaf_udp() as deaf, hanging_tcp() as hanging:
        servers = [
            RTCIceServer(urls=[f"stun:127.0.0.1:{deaf}", *coturn.stun.urls]),
            RTCIceServer(f"turn:127.0.0.1:{hanging}?transport=tcp", "a", "b"),
            coturn.turn(),
        ]
        doorbell = open_peer(servers, network=NEAR)
        async with peers(open_peer(network=NEAR), doorbell) as (caller, callee):
            began = time.monotonic()
            await meet(caller, callee)
            assert time.monotonic() - began < GATHER_LIMIT_S
            assert len(candidates(callee, "relay")) == 1
            assert coturn.allocations == 1
    await eventually(lambda: coturn.allocations == 0)


async def test_servers_that_never_answer_cost_half_a_second(coturn: Coturn) -> None:
    with deaf_udp() as deaf, hanging_tcp() as hanging:
        servers = [
            RTCIceServer(urls=[f"stun:127.0.0.1:{deaf}"]),
            RTCIceServer(f"turn:127.0.0.1:{deaf}", "a", "b"),
            RTCIceServer(f"turn:127.0.0.1:{hanging}?transport=tcp", "a", "b"),
            RTCIceServer(f"turns:127.0.0.1:{hanging}", "a", "b"),
        ]
        async with peers(open_peer(servers, network=NEAR)) as (pc,):
            pc.addTransceiver("video")
            before = open_files()
            began = time.monotonic()
            await make_offer(pc)
            assert GATHER_LIMIT_S - 0.01 < time.monotonic() - began < GATHER_LIMIT_S + MARGIN_S
            assert candidates(pc, "host")
            await asyncio.sleep(0)
            # Only its own sockets are open: nothing that was begun with the dead.
            await eventually(lambda: open_files() == before + len(candidates(pc, "host")))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_every_living_server_is_used(coturn: Coturn) -> None:
    servers = [coturn.turn("udp"), coturn.turn("tcp"), coturn.turn("tls"), coturn.stun]
    async with peers(open_peer(servers, network=NEAR)) as (pc,):
        pc.addTransceiver("video")
        await make_offer(pc)
        assert len(candidates(pc, "relay")) == 3
        assert len({line for line in pc.localDescription.sdp.splitlines() if "relay" in line}) == 3
    await eventually(lambda: coturn.allocations == 0)


async def test_wrong_credentials_and_nonsense_leave_the_host_addresses(coturn: Coturn) -> None:
    servers = [
        RTCIceServer(f"turn:127.0.0.1:{coturn.port}", "anna", "wrong"),
        RTCIceServer("turn:nowhere.invalid", "anna", "wrong"),
        RTCIceServer("turn::::", "anna", "wrong"),
        RTCIceServer("http://example.org"),
        RTCIceServer(f"turn:127.0.0.1:{coturn.port}"),
    ]
    async with peers(open_peer(servers, network=NEAR)) as (pc,):
        pc.addTransceiver("video")
        async with asyncio.timeout(GATHER_LIMIT_S + MARGIN_S):
            await make_offer(pc)
        assert candidates(pc, "host")
        assert candidates(pc, "relay") == []


async def test_gathering_that_is_cancelled_leaves_nothing(coturn: Coturn) -> None:
    before = open_files()
    with deaf_udp() as deaf:
        servers = [coturn.turn(), RTCIceServer(f"turn:127.0.0.1:{deaf}", "a", "b")]
        for moment_s in (0.0, 0.001, 0.002, 0.003, 0.005, 0.02):
            pc = open_peer(servers, network=NEAR)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(moment_s):
                    await pc.prepare(ask_servers=True)
            await close_peer(pc)
    await eventually(lambda: coturn.allocations == 0)
    await eventually(lambda: open_files() == before)


async def test_a_relay_that_has_died_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as life:
        coturn = await life.enter_async_context(Coturn(tmp_path))
        pc = open_peer([coturn.turn("udp"), coturn.turn("tcp")], network=Network(relay_only=True))
        pc.addTransceiver("video")
        before = open_files()
        await make_offer(pc)
        await life.aclose()
        began = time.monotonic()
        await close_peer(pc)
        assert time.monotonic() - began < 2
        await eventually(lambda: open_files() <= before)


async def test_ports_come_from_the_range(free_ports: range) -> None:
    network = Network(free_ports.start, free_ports.stop - 1, loopback=True)
    async with peers(open_peer(network=network), open_peer(network=network)) as (caller, callee):
        await meet(caller, callee)
        first, second = ({port for _, port in candidates(pc, "host")} for pc in (caller, callee))
        assert first == {free_ports[0]}
        assert second == {free_ports[1]}


async def test_a_range_that_is_used_up_says_so_and_recovers(free_ports: range) -> None:
    network = Network(free_ports[0], free_ports[0], loopback=True)
    async with peers(open_peer(network=network), open_peer(network=network)) as (holder, late):
        for pc in (holder, late):
            pc.addTransceiver("video")
        offer = await make_offer(holder)
        with pytest.raises(
            PeerGoneError, match=rf"^All UDP ports from {free_ports[0]} to .*in use"
        ):
            await make_offer(late)
        answering = open_peer(network=network)
        with pytest.raises(PeerGoneError, match="in use"):
            await accept_offer(answering, offer)
        await close_peer(answering)
    async with peers(open_peer(network=network)) as (again,):
        await again.prepare(ask_servers=False)


@pytest.fixture
def free_ports() -> range:
    """Four ports in a row that nobody has now, below those that the system gives away."""
    start = 20_000 + os.getpid() % 1000 * 8
    while not all(is_free(port) for port in range(start, start + 4)):
        start += 8
    return range(start, start + 4)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


async def test_a_public_address_stands_beside_the_own_one() -> None:
    public = ("203.0.113.7", "2001:db8::7")
    async with peers(open_peer(network=Network(public_addresses=public, loopback=True))) as (pc,):
        pc.addTransceiver("video")
        await make_offer(pc)
        host = dict(reversed(candidates(pc, "host")))
        seen = dict(candidates(pc, "srflx"))
        main = next(address for address in host_addresses(NEAR) if ":" not in address)
        assert seen["203.0.113.7"] == host[main]
        assert ("2001:db8::7" in seen) == any(":" in address for address in host)


async def test_an_own_address_is_not_announced_twice() -> None:
    async with peers(
        open_peer(network=Network(public_addresses=("127.0.0.1",), loopback=True))
    ) as (pc,):
        pc.addTransceiver("video")
        await make_offer(pc)
        assert candidates(pc, "srflx") == []


async def test_a_call_over_ipv6_alone() -> None:
    if not any(":" in address for address in host_addresses(NEAR)):
        pytest.skip("The kernel has no IPv6.")
    async with peers(open_peer(network=NEAR), open_peer(network=NEAR)) as (caller, callee):
        for pc in (caller, callee):
            pc.addTransceiver("video")
        offer = without_ipv4(await make_offer(caller))
        await accept_answer(caller, without_ipv4(await accept_offer(callee, offer)))
        async with asyncio.timeout(5):
            await asyncio.gather(connected(caller), connected(callee))


def without_ipv4(sdp: str) -> str:
    lines = sdp.splitlines(keepends=True)
    return "".join(one for one in lines if "candidate:" not in one or ":" in one.split()[4])


def test_servers_are_taken_apart() -> None:
    lent = [
        RTCIceServer(urls=["stun:one.example.org", "stun:one.example.org:3478", "stuns:x.org"]),
        RTCIceServer("turn:two.example.org", "anna", "secret"),
        RTCIceServer(["turn:two.example.org:80?transport=tcp", "turns:two.example.org:443"]),
        RTCIceServer(["turns:two.example.org?transport=udp", "turn:x.org?transport=sctp"]),
    ]
    assert servers_of(lent) == [
        StunServer("one.example.org", 3478),
        RelayServer("two.example.org", 3478, False, False, "anna", "secret"),
        RelayServer("two.example.org", 80, True, False, None, None),
        RelayServer("two.example.org", 443, True, True, None, None),
    ]
    many = [RTCIceServer(f"stun:s{number}.example.org") for number in range(50)]
    assert len(servers_of(many)) == SERVER_LIMIT


async def test_calls_that_come_and_go_leave_nothing(coturn: Coturn) -> None:
    before = open_files()
    for _ in range(10):
        opened = open_peer([coturn.turn()], network=NEAR)
        async with peers(open_peer(network=NEAR), opened) as (caller, callee):
            await meet(caller, callee)
    await eventually(lambda: open_files() == before)
    await eventually(lambda: coturn.allocations == 0)
    assert len(asyncio.all_tasks()) == 1
