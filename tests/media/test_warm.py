"""The next call's connection: ready when wanted, made anew when stale, never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiortc import RTCIceServer

from media.addresses import Network, host_addresses
from media.gathering import bind
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
from media.warm import ASKED_LIFE_S, EXPECTED_S, OPEN_LIFE_S, WarmPeers, rehearse
from tests.support.coturn import Coturn
from tests.support.door import eventually, running
from tests.support.hand_turned_time import VirtualClock

NEAR = Network(loopback=True)


class World:
    """What a doorbell's surroundings are, as far as the warm connections see them."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.servers: Sequence[RTCIceServer] = ()
        self.addresses = host_addresses(NEAR)
        self.warm = WarmPeers(
            lambda: self.servers, NEAR, self.clock.now, lambda network: list(self.addresses)
        )

    async def settled(self) -> None:
        await eventually(lambda: self.warm.ready)


@asynccontextmanager
async def a_world(servers: Sequence[RTCIceServer] = ()) -> AsyncIterator[World]:
    world = World()
    world.servers = servers
    before = open_files()
    async with running(world.warm.run):
        await world.settled()
        yield world
    assert not world.warm.ready
    await eventually(lambda: open_files() <= before)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def bound(pc: Peer) -> int:
    """How many sockets and allocations it has."""
    return sum(len(one._connection._protocols) for one in pc._gatherings)


async def use(pc: Peer) -> str:
    """Take a call on it; our answer."""
    async with asyncio.timeout(5):
        caller = open_peer(network=NEAR)
        try:
            for kind in ("audio", "video"):
                caller.addTransceiver(kind, direction="recvonly")
                pc.addTransceiver(kind, direction="sendonly")
            answer = await accept_offer(pc, await make_offer(caller))
            await accept_answer(caller, answer)
            await connected(pc)
        finally:
            await close_peer(caller)
            await close_peer(pc)
    return answer


async def test_a_call_finds_its_sockets_open_and_the_next_one_too() -> None:
    async with a_world() as world:
        first = world.warm.take()
        assert bound(first) == len(world.addresses)
        await use(first)
        await world.settled()
        second = world.warm.take()
        assert second is not first
        await use(second)


async def test_who_comes_before_it_is_ready_is_served_as_well() -> None:
    async with a_world() as world:
        pcs = [world.warm.take() for _ in range(3)]
        assert [bound(pc) > 0 for pc in pcs] == [True, False, False]
        for pc in pcs:
            await use(pc)


async def test_servers_are_asked_ahead_only_while_a_call_is_likely(tmp_path: Path) -> None:
    async with Coturn(tmp_path) as coturn, a_world([coturn.turn()]) as world:
        assert coturn.allocations == 0
        world.warm.expect()
        await eventually(lambda: coturn.allocations == 1)
        world.warm.expect()
        await eventually(lambda: world.warm.ready)
        answer = await use(world.warm.take())
        assert "typ relay" in answer
        world.clock.now_s += EXPECTED_S
        await world.settled()
        # The one that was made meanwhile has grown old; the next is made without a server.
        await close_peer(world.warm.take())
        await eventually(lambda: coturn.allocations == 0)
        await world.settled()
        assert "typ relay" in await use(world.warm.take())
        await eventually(lambda: coturn.allocations == 0)


@pytest.mark.parametrize(("servers", "life_s"), [(False, OPEN_LIFE_S), (True, ASKED_LIFE_S)])
async def test_a_stale_one_is_not_used(tmp_path: Path, servers: bool, life_s: float) -> None:
    async with Coturn(tmp_path) as coturn, a_world([coturn.turn()] if servers else []) as world:
        if servers:
            world.warm.expect()
            await eventually(lambda: coturn.allocations == 1)
        world.clock.now_s += life_s
        pc = world.warm.take()
        assert bound(pc) == 0
        await use(pc)
        await eventually(lambda: not servers or coturn.allocations == 1)


async def test_another_network_makes_another_connection() -> None:
    async with a_world() as world:
        world.addresses = ["127.0.0.1"]
        old = world.warm._ready
        world.warm.expect()
        await eventually(lambda: world.warm._ready not in (old, None))


async def test_without_a_free_port_calls_are_told_and_it_recovers() -> None:
    with contextlib.ExitStack() as holding:
        held = holding.enter_context(bind("127.0.0.1", NEAR))
        port: int = held.getsockname()[1]
        one = Network(port, port, loopback=True)
        for address in host_addresses(one):
            with contextlib.suppress(OSError):
                holding.enter_context(bind(address, one))
        warm = WarmPeers(network=one)
        async with running(warm.run):
            await asyncio.sleep(0.3)
            assert not warm.ready
            pc = warm.take()
            with pytest.raises(PeerGoneError, match="in use"):
                await pc.prepare(ask_servers=False)
            await close_peer(pc)
            holding.close()
            warm.expect()
            await eventually(lambda: warm.ready)


async def test_cancelled_at_any_moment_it_leaves_nothing(tmp_path: Path) -> None:
    async with Coturn(tmp_path) as coturn:
        before = open_files()
        for moment_s in (0.0, 0.001, 0.01, 0.03, 0.1, 0.15):
            warm = WarmPeers(lambda: [coturn.turn()], NEAR)
            warm.expect()
            async with running(warm.run):
                await asyncio.sleep(moment_s)
        await eventually(lambda: coturn.allocations == 0)
        await eventually(lambda: open_files() <= before)


async def test_the_rehearsal_leaves_nothing() -> None:
    await rehearse()
    before = open_files()
    await rehearse()
    await eventually(lambda: open_files() <= before)
    assert len(asyncio.all_tasks()) == 1
