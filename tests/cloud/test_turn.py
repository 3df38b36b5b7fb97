"""A real coturn with the configuration that is shipped, and the credentials that we lend for it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from cloud.shared.ice import CREDENTIAL_LIFE_S, IceBook
from cloud.shared.settings import Ice
from media.addresses import Network
from media.peer import (
    Peer,
    accept_answer,
    accept_offer,
    close_peer,
    connected,
    make_offer,
    open_peer,
)
from protocol.api import IceServer
from tests.support.coturn import SHIPPED, Certificate, HardenedCoturn
from tests.support.door import eventually
from tests.support.turn_client import GRANTED, turn_client

SECRET = "a secret of this test"
PHONE, DOORBELL = "p" * 26, "d" * 26
UNAUTHORIZED, FORBIDDEN, QUOTA_REACHED = 401, 403, 486
CONNECT_LIMIT_S = 5.0
# The first and the last of what a household, a cloud or a provider keeps to itself.
PRIVATE_IPV4 = [
    "0.0.0.0", "0.0.0.1",
    "10.0.0.0", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.2",
    "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.0", "172.31.255.255",
    "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.251", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
]  # fmt: skip
PRIVATE_IPV6 = [
    "::", "::2", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:192.168.1.1", "::ffff:0:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "100::1",
    "2001::1", "2001:20::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "febf:ffff::1", "fec0::1", "ff02::fb", "ff0e::1",
]  # fmt: skip
Network4or6 = ipaddress.IPv4Address | ipaddress.IPv6Address


class Wall:
    """The clock of the household's server; `late_s` is what it is behind or ahead."""

    late_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.late_s


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def book(tmp_path: Path, wall: Wall) -> IceBook:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    return IceBook(Ice(turn=("turn:turn.example:3478",), turn_secret_file=secret), wall)


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[HardenedCoturn]:
    async with HardenedCoturn(tmp_path, SECRET) as server:
        yield server


def lent_to(book: IceBook, user: str) -> IceServer:
    (server,) = book.servers(user).ice_servers
    return server


async def test_a_call_over_nothing_but_the_relay(coturn: HardenedCoturn, book: IceBook) -> None:
    hidden = Network(relay_only=True, loopback=True)
    doorbell = open_peer([coturn.lent(lent_to(book, DOORBELL))], network=hidden)
    phone = open_peer([coturn.lent(lent_to(book, PHONE))], network=hidden)
    try:
        await meet(phone, doorbell)
        for pc in (phone, doorbell):
            kinds = set(re.findall(r" typ (\w+)", pc.localDescription.sdp))
            assert kinds == {"relay"}
        assert coturn.allocations == 2
    finally:
        for pc in (phone, doorbell):
            await close_peer(pc)
    await eventually(lambda: coturn.allocations == 0)


async def meet(caller: Peer, callee: Peer) -> None:
    caller.addTransceiver("video", direction="recvonly")
    callee.addTransceiver("video", direction="sendonly")
    answer = await accept_offer(callee, await make_offer(caller))
    await accept_answer(caller, answer)
    async with asyncio.timeout(CONNECT_LIMIT_S):
        await asyncio.gather(connected(caller), connected(callee))


async def test_private_addresses_are_refused(coturn: HardenedCoturn, book: IceBook) -> None:
    async with turn_client(coturn.port, lent_to(book, PHONE)) as client:
        assert await client.allocate() == GRANTED
        assert await client.permit("127.0.0.1") == GRANTED
        answers = {peer: await client.permit(peer) for peer in PRIVATE_IPV4}
        assert answers == dict.fromkeys(PRIVATE_IPV4, FORBIDDEN)
        assert await client.bind("192.168.1.1") == FORBIDDEN
        assert await client.permit("8.8.8.8") == GRANTED


async def test_private_ipv6_is_refused(tmp_path: Path, book: IceBook) -> None:
    async with (
        HardenedCoturn(tmp_path, SECRET, relay="::1") as coturn,
        turn_client(coturn.port, lent_to(book, PHONE)) as client,
    ):
        assert await client.allocate() == GRANTED
        assert await client.permit("::1") == GRANTED
        answers = {peer: await client.permit(peer) for peer in PRIVATE_IPV6}
        assert answers == dict.fromkeys(PRIVATE_IPV6, FORBIDDEN)
        assert await client.bind("::ffff:192.168.1.1") == FORBIDDEN
        assert await client.permit("2606:4700::1111") == GRANTED


async def test_an_expired_credential_is_refused(
    coturn: HardenedCoturn, book: IceBook, wall: Wall
) -> None:
    wall.late_s = -CREDENTIAL_LIFE_S - 1
    async with turn_client(coturn.port, lent_to(book, PHONE)) as client:
        assert await client.allocate() == UNAUTHORIZED


@pytest.mark.parametrize(
    "forgery",
    [
        {"credential": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"username": f"4102444800:{PHONE}"},
        {"username": f"{int(time.time()) + CREDENTIAL_LIFE_S}:{DOORBELL}"},
        {"username": PHONE},
    ],
)
async def test_a_forged_credential_is_refused(
    coturn: HardenedCoturn, book: IceBook, forgery: dict[str, str]
) -> None:
    forged = lent_to(book, PHONE).model_copy(update=forgery)
    async with turn_client(coturn.port, forged) as client:
        assert await client.allocate() == UNAUTHORIZED


async def test_nobody_comes_in_without_a_name(coturn: HardenedCoturn) -> None:
    async with turn_client(coturn.port, IceServer(urls=("turn:x",))) as client:
        assert await client.allocate() == UNAUTHORIZED


async def test_a_call_outlives_the_credential_that_it_began_with(
    coturn: HardenedCoturn, book: IceBook, wall: Wall
) -> None:
    lives_s = 2.0
    wall.late_s = lives_s - CREDENTIAL_LIFE_S
    lent = lent_to(book, PHONE)
    async with turn_client(coturn.port, lent) as client:
        assert await client.allocate() == GRANTED
        assert lent.username is not None
        # coturn reads the clock itself and grants the second in which the credential ends.
        await asyncio.sleep(int(lent.username.partition(":")[0]) + 1.1 - time.time())
        assert await client.refresh() == GRANTED
        assert await client.permit("127.0.0.1") == GRANTED
        async with turn_client(coturn.port, lent) as late:
            assert await late.allocate() == UNAUTHORIZED


async def test_it_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    server = authority.issue_cert("turn.example")
    files = Certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    server.private_key_pem.write_to_path(files.key)
    server.cert_chain_pems[0].write_to_path(files.chain)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with HardenedCoturn(tmp_path, SECRET, certificate=files) as coturn:
        _, stream = await asyncio.open_connection(
            "127.0.0.1", coturn.tls_port, ssl=trust, server_hostname="turn.example"
        )
        tls: ssl.SSLObject = stream.get_extra_info("ssl_object")
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
        stream.transport.abort()


async def test_one_user_cannot_take_everything(
    coturn: HardenedCoturn, book: IceBook, wall: Wall
) -> None:
    quota = int(setting("user-quota"))
    async with contextlib.AsyncExitStack() as life:
        for number in range(quota + 1):
            # A fresh credential is still the same user's.
            wall.late_s = -number
            client = await life.enter_async_context(turn_client(coturn.port, lent_to(book, PHONE)))
            assert await client.allocate() == (GRANTED if number < quota else QUOTA_REACHED)
        async with turn_client(coturn.port, lent_to(book, DOORBELL)) as other:
            assert await other.allocate() == GRANTED


def setting(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", SHIPPED.read_text("utf-8"), re.MULTILINE)
    return str(value)


def denied(address: Network4or6) -> bool:
    lines = re.findall(r"^denied-peer-ip=(.+?)-(.+)$", SHIPPED.read_text("utf-8"), re.MULTILINE)
    ranges = [(ipaddress.ip_address(first), ipaddress.ip_address(last)) for first, last in lines]
    # coturn refuses the unspecified address by itself.
    return address.is_unspecified or any(
        int(first) <= int(address) <= int(last)
        for first, last in ranges
        if first.version == address.version
    )


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_is_not_public_is_denied(address: Network4or6) -> None:
    """The standard library knows the registries of special addresses (RFC 6890)."""
    assert denied(address) or (address.is_global and not address.is_multicast)


@pytest.mark.parametrize("address", PRIVATE_IPV4 + PRIVATE_IPV6)
def test_the_list_names_it(address: str) -> None:
    assert denied(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00::1"])
def test_public_addresses_stay_reachable(address: str) -> None:
    assert not denied(ipaddress.ip_address(address))


def test_the_capacity_allows_every_allocation_its_rate() -> None:
    whole = int(setting("total-quota")) * int(setting("max-bps"))
    assert int(setting("bps-capacity")) >= whole


def test_what_must_be_there_is_there() -> None:
    lines = set(SHIPPED.read_text("utf-8").splitlines())
    assert lines >= {
        "use-auth-secret", "no-cli", "no-tcp-relay", "no-multicast-peers", "fingerprint",
        "stale-nonce=600", "no-tlsv1", "no-tlsv1_1",
    }  # fmt: skip
    assert not [line for line in lines if re.match("allow|static-auth-secret|user=|no-auth", line)]
