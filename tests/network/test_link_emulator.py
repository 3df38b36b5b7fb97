"""The emulated network: the dice in virtual time, and one real relay."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import cast

import pytest
from aiortc import RTCSessionDescription

from tests.support.door import eventually
from tests.support.link_emulator import (
    PERFECT,
    Conditions,
    EmulatedNetwork,
    LinkEmulator,
    bare_offer,
)
from tests.support.link_lane import DETOUR_S, Lane
from tests.support.peer_pair import bare_peer

MANY = 4000
EVERY_S = 0.01


def arrivals(lane: Lane, count: int = MANY, size: int = 1000) -> list[tuple[float, ...]]:
    return [tuple(lane.admit(size, index * EVERY_S)) for index in range(count)]


def test_a_perfect_lane_delivers_at_once() -> None:
    assert arrivals(Lane("1"), 3) == [(0.0,), (EVERY_S,), (2 * EVERY_S,)]


def test_the_same_seed_has_the_same_fates() -> None:
    bad = Conditions(loss=0.1, delay_ms=50, jitter_ms=20, reorder=0.1, duplicate=0.1)
    assert arrivals(Lane("7", bad)) == arrivals(Lane("7", bad))
    assert arrivals(Lane("7", bad)) != arrivals(Lane("8", bad))


def test_changed_conditions_do_not_change_later_fates() -> None:
    lossy = Conditions(loss=0.2)
    steady, changed = Lane("3", lossy), Lane("3", lossy)
    arrivals(steady, 100)
    for index in range(100):
        changed.conditions = replace(lossy, delay_ms=index % 7, jitter_ms=5)
        changed.admit(1000, index * EVERY_S)
    changed.conditions = lossy
    assert [bool(times) for times in arrivals(steady)] == [
        bool(times) for times in arrivals(changed)
    ]


def test_loss_and_duplicates_are_as_frequent_as_asked() -> None:
    fates = arrivals(Lane("1", Conditions(loss=0.05, duplicate=0.1)))
    assert 0.04 < fates.count(()) / MANY < 0.06
    assert 0.08 < sum(len(times) == 2 for times in fates) / MANY < 0.11


def test_jitter_spreads_the_delay_and_keeps_the_order() -> None:
    lane = Lane("1", Conditions(delay_ms=40, jitter_ms=30))
    times = [time for (time,) in arrivals(lane)]
    delays = [time - index * EVERY_S for index, time in enumerate(times)]
    assert 0.040 <= min(delays) < 0.042
    assert 0.068 < max(delays) <= 0.0701
    assert times == sorted(times)


def test_reordered_datagrams_are_overtaken() -> None:
    times = [time for (time,) in arrivals(Lane("1", Conditions(reorder=0.05)))]
    overtaken = [index for index, time in enumerate(times) if time > index * EVERY_S]
    assert 0.04 < len(overtaken) / MANY < 0.06
    assert all(times[index] == pytest.approx(index * EVERY_S + DETOUR_S) for index in overtaken)


def test_a_narrow_lane_spaces_datagrams_and_drops_what_its_queue_does_not_hold() -> None:
    lane = Lane("1", Conditions(rate_bps=800_000, queue_bytes=5000))
    fates = [lane.admit(1000, 0.0) for _ in range(7)]
    assert [len(times) for times in fates] == [1, 1, 1, 1, 1, 0, 0]
    assert [times[0] for times in fates[:5]] == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])
    assert (lane.carried, lane.overflowed) == (5, 2)
    assert lane.waiting_bytes(0.02) == pytest.approx(3000)
    assert lane.admit(1000, 0.02)[0] == pytest.approx(0.06)


def test_nothing_passes_in_a_blackout() -> None:
    lane = Lane("1")
    lane.blackout(5.0)
    assert lane.admit(100, 4.9) == ()
    assert lane.dark(4.9)
    assert lane.admit(100, 5.0) == (5.0,)


class Echo(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.senders: set[tuple[str, int]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.senders.add(addr)
        self.transport.sendto(data, addr)


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.put_nowait(data)


async def test_a_real_relay_carries_both_ways_and_changes_in_flight() -> None:
    loop = asyncio.get_running_loop()
    server, echo = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    to = server.get_extra_info("sockname")
    async with LinkEmulator(1, to, up=Conditions(delay_ms=20)) as link:
        ends = [
            await loop.create_datagram_endpoint(Client, remote_addr=link.address) for _ in range(2)
        ]
        try:
            sent_s = loop.time()
            for number, (transport, client) in enumerate(ends):
                transport.sendto(b"%d" % number)
                assert await asyncio.wait_for(client.received.get(), 5) == b"%d" % number
            assert loop.time() - sent_s >= 0.02
            assert len(echo.senders) == 2
            transport, client = ends[0]
            link.blackout()
            transport.sendto(b"lost")
            await eventually(lambda: link.up.lost == 1)
            link.blackout(0)
            link.change(up=PERFECT)
            transport.sendto(b"arrives")
            assert await asyncio.wait_for(client.received.get(), 5) == b"arrives"
        finally:
            for transport, _ in ends:
                transport.close()
            server.close()


async def test_two_peers_meet_only_at_the_relay() -> None:
    asking, answering = bare_peer(), bare_peer()
    opened = asyncio.Event()
    asking.createDataChannel("any").on("open", opened.set)
    async with EmulatedNetwork(1) as network:
        try:
            await asking.setLocalDescription(await asking.createOffer())
            offer = bare_offer(asking.localDescription.sdp)
            assert "candidate" not in offer
            await answering.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await answering.setLocalDescription(await answering.createAnswer())
            answer = await network.relayed_answer(answering.localDescription.sdp)
            assert answer.count("a=candidate:") == 1
            await asking.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await asyncio.wait_for(opened.wait(), 10)
            assert min(network.links[0].up.carried, network.links[0].down.carried) > 5
        finally:
            await asking.close()
            await answering.close()


async def test_an_answer_without_addresses_is_refused() -> None:
    async with EmulatedNetwork(1) as network:
        with pytest.raises(ValueError, match="no IPv4 candidate"):
            await network.relayed_answer("v=0\r\n")


def test_a_blackout_without_an_end_lasts() -> None:
    lane = Lane("1")
    lane.blackout(math.inf)
    assert lane.admit(1, 1e9) == ()
