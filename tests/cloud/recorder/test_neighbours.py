"""Recordings in one process: what one encoder or one file does, no other recording notices."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from cloud.recorder.allowance import Allowance
from cloud.recorder.ports import Limits, Watch
from media import h264
from media.frames import EncodedFrame
from media.traffic import Traffic
from tests.support.clip_reading import read_clip
from tests.support.coded_video import pictures, visit_frames
from tests.support.recorder_rig import Encoder, Shelf, all_ended, encoding, new_recorder, serving

GOOD_VISIT, BAD_VISIT = "visit-good", "visit-bad1"
STARTS_US = 1_800_000_000_000_000
SECONDS = 4
LIMIT_S = 20.0


class Ledger:
    """What the recorder counted."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.size_bytes = 0
        self.writes = 0
        self.gaps = 0

    @property
    def watch(self) -> Watch:
        return Watch(self._bytes, self._gap, self._written, self._ended)

    def _bytes(self, count: int) -> None:
        self.size_bytes += count

    def _gap(self, count: int) -> None:
        self.gaps += count

    def _written(self, seconds: float) -> None:
        self.writes += seconds >= 0

    def _ended(self, reason: str) -> None:
        self.ended[reason] += 1


def shots(seconds: float, data: list[bytes], group: int = 30) -> list[EncodedFrame]:
    """These pictures as a visit without sound."""
    return [
        EncodedFrame("video", data[n % len(data)], STARTS_US + n * 33_333, n % group == 0)
        for n in range(round(seconds * 30))
    ]


def good_frames() -> list[EncodedFrame]:
    return visit_frames(SECONDS, starts_us=STARTS_US)


async def whole(shelf: Shelf, encoder: Encoder) -> None:
    """The good visit's clip has everything that was sent."""
    await encoder.stop()
    async with asyncio.timeout(LIMIT_S):
        while (found := await shelf.clips.get())[1] != GOOD_VISIT:
            pass
    assert found[2].gaps == 0
    read = read_clip(shelf.clip_of(GOOD_VISIT))
    assert read.decoded == len(read.pictures) == SECONDS * 30 - 1
    assert len(read.sounds) >= SECONDS * 50 - 5


async def test_a_flood_ends_and_its_neighbour_stays_whole(spool: Path, shelf: Shelf) -> None:
    ledger = Ledger()
    limits = Limits(bytes_per_s=200_000, burst_s=2)
    flood = shots(20, list(pictures(60, noise=120)))
    assert sum(len(frame.data) for frame in flood) > 20 * limits.bytes_per_s
    recorder = new_recorder(spool, shelf, limits, ledger.watch)
    async with (
        serving(recorder) as client,
        encoding(client, GOOD_VISIT, good_frames(), pace_s=0.01) as good,
        encoding(client, BAD_VISIT, flood),
    ):
        async with asyncio.timeout(LIMIT_S):
            while not ledger.ended["flood"]:  # noqa: ASYNC110 - counts, and tells nobody
                await asyncio.sleep(0.02)
        await good.delivered(recorder)
        await whole(shelf, good)
    assert ledger.ended == {"flood": 1, "closed": 1}


async def test_a_disk_that_hangs_for_one_visit_holds_up_no_other(
    spool: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on, settle = threading.Event(), threading.Event(), os.fdatasync

    def hang(file: int) -> None:
        if BAD_VISIT in os.readlink(f"/proc/self/fd/{file}"):
            hangs.set()
            goes_on.wait(LIMIT_S)
        settle(file)

    monkeypatch.setattr(os, "fdatasync", hang)
    recorder = new_recorder(spool, shelf)
    async with (
        serving(recorder) as client,
        encoding(client, BAD_VISIT, good_frames()) as bad,
        encoding(client, GOOD_VISIT, good_frames()) as good,
    ):
        try:
            await good.delivered(recorder)
            await whole(shelf, good)
            assert hangs.is_set()
            await bad.delivered(recorder)
        finally:
            goes_on.set()
        await bad.stop()
        clip = await shelf.next_clip()
    assert clip.gaps == 0
    assert read_clip(shelf.clip_of(BAD_VISIT)).decoded == SECONDS * 30 - 1


def garbage(count: int) -> list[bytes]:
    """Access units that begin as such and go on as noise; seeded."""
    noise = random.Random(5)
    kinds = (h264.SPS, h264.PPS, h264.IDR_SLICE)
    units = (
        b"".join(h264.START_CODE + bytes([0x60 | kind]) + noise.randbytes(400) for kind in kinds)
        for _ in range(count)
    )
    return list(units)


def crumbs(count: int) -> list[bytes]:
    """A picture behind a flood of units of two bytes."""
    flood = (h264.START_CODE + bytes([h264.DELIMITER, 0x10])) * count
    return [flood + data for data in pictures(30)]


@pytest.mark.parametrize(
    "data", [garbage(60), crumbs(2_000)], ids=["noise", "a quarter million tiny units"]
)
async def test_nonsense_harms_no_neighbour(spool: Path, shelf: Shelf, data: list[bytes]) -> None:
    recorder = new_recorder(spool, shelf)
    async with (
        serving(recorder) as client,
        encoding(client, BAD_VISIT, shots(4, data)) as bad,
        encoding(client, GOOD_VISIT, good_frames()) as good,
    ):
        await good.delivered(recorder)
        await whole(shelf, good)
        await bad.stop()
        await all_ended(recorder)


async def test_what_is_taken_is_counted(spool: Path, shelf: Shelf) -> None:
    ledger = Ledger()
    recorder = new_recorder(spool, shelf, watch=ledger.watch)
    async with (
        serving(recorder) as client,
        encoding(client, GOOD_VISIT, good_frames()) as good,
    ):
        await good.delivered(recorder)
        await whole(shelf, good)
    sent = sum(len(frame.data) for frame in good_frames())
    assert sent * 0.9 < ledger.size_bytes <= sent
    assert ledger.writes >= 2
    assert ledger.gaps == 0


def test_an_allowance_is_a_burst_and_a_rate() -> None:
    allowance = Allowance(bytes_per_s=1000, packets_per_s=10, burst_s=5)
    assert not allowance.exceeded(Traffic(40, 4_900), 100.0)
    assert not allowance.exceeded(Traffic(40, 5_900), 101.0)
    assert allowance.exceeded(Traffic(40, 7_000), 101.5)
    patient = Allowance(bytes_per_s=1000, packets_per_s=10, burst_s=5)
    assert not any(patient.exceeded(Traffic(10 * n, 1000 * n), float(n)) for n in range(1, 600))
    assert patient.exceeded(Traffic(6_100, 600_000), 600.0)
