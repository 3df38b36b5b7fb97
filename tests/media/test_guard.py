"""Junk at the media port, against live calls."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from aioice import ice, stun
from aiortc import RTCPeerConnection

from media.guard import QUEUE_LIMIT_DATAGRAMS, STRANGERS_BURST, GuardedProtocol, guard
from tests.support.peer_pair import PeerPair, bare_peer, peer_pair

SEED = 20_11


def guarded_peer() -> RTCPeerConnection:
    pc = bare_peer()
    guard(pc)
    return pc


@pytest.fixture
async def call() -> AsyncIterator[PeerPair]:
    async with peer_pair(guarded_peer(), guarded_peer()) as pair:
        yield pair


def protocols(call: PeerPair) -> list[GuardedProtocol]:
    found = call.transport._connection._protocols
    assert found
    return [protocol for protocol in found if isinstance(protocol, GuardedProtocol)]


def stranger() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def empty() -> Iterator[bytes]:
    yield from [b""] * 20


def runts() -> Iterator[bytes]:
    for first in range(256):
        yield bytes([first])
        yield bytes([first, 0xC8])
        yield bytes([first]) * 11


def noise() -> Iterator[bytes]:
    source = random.Random(SEED)
    for _ in range(300):
        yield source.randbytes(source.randrange(1, 1400))


def lookalikes() -> Iterator[bytes]:
    """DTLS, SRTP, SRTCP and STUN by their first bytes."""
    source = random.Random(SEED + 1)
    for _ in range(100):
        yield b"\x16\xfe\xfd" + source.randbytes(60)
        yield b"\x80\x60" + source.randbytes(40)
        yield b"\x80\xc8" + source.randbytes(40)
        yield b"\x00\x01\x00\x04\x21\x12\xa4\x42" + source.randbytes(12) + b"\x00\x24\x00\x01"
        yield bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))


@pytest.mark.parametrize("junk", [empty, runts, noise, lookalikes])
async def test_junk_of_strangers_does_not_end_a_call(
    call: PeerPair, junk: Callable[[], Iterator[bytes]]
) -> None:
    with stranger() as sender:
        for number, data in enumerate(junk()):
            for host, port in call.addresses():
                if ipaddress.ip_address(host).version == 4:
                    sender.sendto(data, (host, port))
            if number % 50 == 0:
                await asyncio.sleep(0)
        assert await call.echo("still there") == "still there"
    assert call.echoing.connectionState == "connected"
    assert sum(protocol.dropped for protocol in protocols(call)) > 0


@pytest.mark.parametrize("junk", [empty, runts])
async def test_junk_under_the_peers_own_address_does_not_end_a_call(
    call: PeerPair, junk: Callable[[], Iterator[bytes]]
) -> None:
    for protocol in protocols(call):
        for known in list(protocol._known):
            for data in junk():
                protocol.datagram_received(data, known)
    assert await call.echo("still there") == "still there"
    assert call.echoing.connectionState == "connected"


async def test_an_empty_datagram_would_end_a_call_without_the_guard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ice, "StunProtocol", GuardedProtocol.__base__)
    async with peer_pair(bare_peer(), bare_peer()) as pair:
        ended = asyncio.Event()
        pair.echoing.on("connectionstatechange", ended.set)
        pair.transport._connection.data_received(b"", 1)
        await asyncio.wait_for(ended.wait(), 5)
        assert pair.echoing.connectionState != "connected"


async def test_media_of_strangers_never_reaches_the_stack(call: PeerPair) -> None:
    for protocol in protocols(call):
        before = protocol.receiver._queue.qsize()
        for data in lookalikes():
            if data[0] >= 20:
                protocol.datagram_received(data, ("192.0.2.7", 5000))
        assert protocol.receiver._queue.qsize() == before


async def test_the_queue_is_bounded_while_nobody_reads(call: PeerPair) -> None:
    protocol = next(p for p in protocols(call) if p._known)
    known = next(iter(protocol._known))
    srtp = b"\x80\x60" + bytes(40)
    for _ in range(QUEUE_LIMIT_DATAGRAMS + 500):
        protocol.datagram_received(srtp, known)
    assert protocol.receiver._queue.qsize() <= QUEUE_LIMIT_DATAGRAMS
    assert await call.echo("read again") == "read again"


async def test_strangers_are_answered_at_a_bounded_rate(
    call: PeerPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[stun.Message] = []
    monkeypatch.setattr(ice.Connection, "request_received", lambda *args: answered.append(args[1]))
    protocol = protocols(call)[0]
    request = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    for port in range(1000, 3000):
        protocol.datagram_received(request, ("192.0.2.7", port))
    assert len(answered) <= STRANGERS_BURST + 50


async def test_an_open_port_cannot_be_guarded_any_more() -> None:
    pc = bare_peer()
    try:
        pc.createDataChannel("late")
        await pc.setLocalDescription(await pc.createOffer())
        with pytest.raises(RuntimeError, match="before it gathers"):
            guard(pc)
    finally:
        await pc.close()
