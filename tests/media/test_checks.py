"""ICE checks lose no time: neither to a lost first check nor to the tick of their pace."""

from __future__ import annotations

import asyncio

import pytest
from aioice import stun
from aiortc import RTCIceParameters

from media import checks
from media.addresses import Network
from media.peer import Peer, close_peer, open_peer

NEAR = Network(loopback=True)


async def ready_peer() -> Peer:
    pc = open_peer(network=NEAR)
    await pc.prepare(ask_servers=True)
    return pc


async def connect(pc: Peer, other: Peer, *, controlling: bool) -> None:
    """ICE alone, with the other's addresses."""
    mine, theirs = (one._gatherings[0]._connection for one in (pc, other))
    mine.ice_controlling = controlling
    mine.remote_username, mine.remote_password = theirs.local_username, theirs.local_password
    for candidate in theirs.local_candidates:
        await mine.add_remote_candidate(candidate)
    await mine.add_remote_candidate(None)
    await mine.connect()


async def test_a_first_check_that_was_lost_is_sent_again_when_the_peer_is_heard() -> None:
    ours, theirs = await ready_peer(), await ready_peer()
    loop = asyncio.get_running_loop()
    lost: list[stun.Message] = []
    try:
        for protocol in ours._gatherings[0]._connection._protocols:
            send = protocol.send_stun

            def lossy(message: stun.Message, addr: tuple[str, int], send: object = send) -> None:
                # As a relay or a NAT does that is not open yet: nothing passes at first.
                if message.message_class == stun.Class.REQUEST and loop.time() < opens_s:
                    lost.append(message)
                elif callable(send):
                    send(message, addr)

            protocol.send_stun = lossy  # type: ignore[method-assign]
        opens_s = loop.time() + 0.1
        async with asyncio.TaskGroup() as group:
            group.create_task(connect(ours, theirs, controlling=False))
            await asyncio.sleep(0.12)
            assert lost
            began_s = loop.time()
            group.create_task(connect(theirs, ours, controlling=True))
        # aioice alone would send its check again 500 ms after the first.
        assert loop.time() - began_s < 0.3
    finally:
        await close_peer(ours)
        await close_peer(theirs)


async def test_the_end_of_the_checks_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PACE_S", 2.0)
    ours, theirs = await ready_peer(), await ready_peer()
    try:
        async with asyncio.timeout(1.5), asyncio.TaskGroup() as group:
            group.create_task(connect(ours, theirs, controlling=True))
            group.create_task(connect(theirs, ours, controlling=False))
    finally:
        await close_peer(ours)
        await close_peer(theirs)


async def test_without_credentials_or_candidates_connecting_fails() -> None:
    ours, theirs = await ready_peer(), await ready_peer()
    connection = ours._gatherings[0]._connection
    try:
        with pytest.raises(ConnectionError):
            await connection.connect()
        connection.remote_username, connection.remote_password = "abcd", "x" * 22
        await connection.add_remote_candidate(None)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(1):
                await connection.connect()
    finally:
        await close_peer(ours)
        await close_peer(theirs)


async def test_closing_ends_the_checks_and_lets_go_of_the_connection() -> None:
    pc = await ready_peer()
    connection = pc._gatherings[0]._connection
    transport = pc._make_transport().transport
    await transport.iceGatherer.gather()
    async with asyncio.TaskGroup() as group:
        starting = group.create_task(transport.start(RTCIceParameters("abcd", "x" * 22)))
        await asyncio.sleep(0.05)
        await transport.stop()
        await asyncio.wait([starting])
    assert transport.state in ("closed", "failed")
    await close_peer(pc)
    assert not {"connect", "check_incoming", "close", "gather_candidates"} & set(vars(connection))
