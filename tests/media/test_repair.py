"""A passthrough sender over bad networks: repairs, padding, blackouts, numbers that wrap."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from media import rtp_stream
from media.h264 import units
from media.sender import Reception
from tests.support.link_emulator import Conditions, EmulatedNetwork
from tests.support.lossy_pair import LossyPair, lossy_pair

LOSSY = Conditions(loss=0.05, delay_ms=20)
WANTED_PICTURES = 75


def known(pair: LossyPair) -> bool:
    """Whether what was taken is the loop of pictures as it was sent, none missing."""
    places = {tuple(units(shot)): place for place, shot in enumerate(pair.door.shots)}
    found = [places[tuple(units(frame.data))] for frame in pair.taken]
    return all(later in (0, earlier + 1) for earlier, later in pairwise(found))


@pytest.mark.parametrize("rtx", [True, False])
@pytest.mark.parametrize("first_number", [3, 65_300])
async def test_every_picture_arrives_although_packets_are_lost(
    rtx: bool, first_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtp_stream, "first_number", lambda: first_number)
    async with EmulatedNetwork(seed=4) as network, lossy_pair(network, rtx=rtx) as pair:
        await pair.until(lambda: pair.taken)
        network.change(down=LOSSY)
        await pair.until(lambda: len(pair.taken) >= WANTED_PICTURES)
        lost = network.links[0].down.lost
    assert lost > 10
    assert pair.track.gaps == 0
    assert known(pair)


async def test_the_receivers_reports_become_the_reception() -> None:
    heard: list[Reception] = []
    bad = Conditions(loss=0.1, delay_ms=40)
    async with EmulatedNetwork(seed=2, down=bad) as network, lossy_pair(network) as pair:
        pair.sending.on_reception = heard.append
        await pair.until(lambda: pair.sending.reception.limit_bps and pair.sending.reception.loss)
        await pair.until(lambda: pair.sending.reception.round_trip_s)
        stats = await pair.sending.transceiver.sender.getStats()
    remote = next(one for one in stats.values() if one.type == "remote-inbound-rtp")
    local = next(one for one in stats.values() if one.type == "outbound-rtp")
    assert remote.roundTripTime == pair.sending.reception.round_trip_s
    assert remote.fractionLost == pair.sending.reception.loss * 256
    assert 0 < remote.packetsReceived <= local.packetsSent
    assert local.bytesSent <= pair.sending.sent_bytes
    newest = pair.sending.reception
    assert newest == heard[-1]
    assert newest.round_trip_s is not None
    assert 0.035 < newest.round_trip_s < 0.15
    assert max(one.loss for one in heard) < 0.5
    assert newest.limit_bps is not None
    assert newest.limit_bps > 0


@pytest.mark.parametrize("rtx", [True, False])
async def test_padding_costs_bandwidth_and_nothing_else(rtx: bool) -> None:
    async with EmulatedNetwork(seed=3) as network, lossy_pair(network, rtx=rtx) as pair:
        await pair.until(lambda: len(pair.taken) >= 15)
        pair.door.paused = True
        await asyncio.sleep(0.2)
        loop = asyncio.get_running_loop()
        before, asked, began_s = pair.sending.sent_bytes, pair.door.wishes, loop.time()
        pair.sending.padding_bps = 1_000_000
        await asyncio.sleep(1.0)
        pair.sending.padding_bps = 0
        padded_bps = (pair.sending.sent_bytes - before) * 8 / (loop.time() - began_s)
        assert 300_000 < padded_bps < 1_100_000
        before = pair.sending.sent_bytes
        await asyncio.sleep(0.2)
        assert pair.sending.sent_bytes == before
        count, pair.door.paused = len(pair.taken), False
        await pair.until(lambda: len(pair.taken) >= count + 15)
    assert pair.track.gaps == 0
    assert pair.door.wishes == asked
    assert known(pair)


async def test_pictures_go_on_after_a_blackout() -> None:
    async with EmulatedNetwork(seed=5) as network, lossy_pair(network) as pair:
        await pair.until(lambda: len(pair.taken) >= 15)
        network.blackout(0.7)
        loop = asyncio.get_running_loop()
        began_s, count = loop.time(), len(pair.taken)
        await pair.until(lambda: len(pair.taken) > count + 30)
        assert loop.time() - began_s < 4
    assert known(pair)


async def test_repairs_do_not_flood_a_network_that_loses_half() -> None:
    async with EmulatedNetwork(seed=6) as network, lossy_pair(network) as pair:
        await pair.until(lambda: len(pair.taken) >= 30)
        loop = asyncio.get_running_loop()
        before, began_s, pictures = pair.sending.sent_bytes, loop.time(), pair.door.sent
        network.change(down=Conditions(loss=0.5))
        await asyncio.sleep(2)
        size = sum(len(shot) for shot in pair.door.shots) / len(pair.door.shots)
        frames_bps = size * (pair.door.sent - pictures) * 8 / (loop.time() - began_s)
        sent_bps = (pair.sending.sent_bytes - before) * 8 / (loop.time() - began_s)
    assert sent_bps < 2 * frames_bps + 400_000
