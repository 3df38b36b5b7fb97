"""Visits recorded from a live encoder through a real server."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import aiortc.rtcrtpreceiver
import pytest

from cloud.recorder.ports import Limits, VisitKey
from tests.support.clip_reading import read_clip
from tests.support.coded_video import visit_frames
from tests.support.link_emulator import Conditions, EmulatedNetwork
from tests.support.recorder_rig import (
    DOORBELL,
    Shelf,
    all_ended,
    encoding,
    new_recorder,
    parts_in,
    running,
    serving,
    settled,
)

VISIT = "visit-0001"
KEY = VisitKey(DOORBELL, VISIT)
STARTS_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def decoders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request for a decoder in these tests. There must be none."""
    asked: list[str] = []

    def refuse(codec: object) -> None:
        asked.append(str(codec))
        raise AssertionError("the recorder decodes")

    monkeypatch.setattr(aiortc.rtcrtpreceiver, "get_decoder", refuse)
    return asked


async def test_a_pre_roll_faster_than_real_time_keeps_its_times(
    spool: Path, shelf: Shelf, decoders: list[str]
) -> None:
    began = time.monotonic()
    async with serving(recorder := new_recorder(spool, shelf)) as client:
        frames = visit_frames(10, starts_us=STARTS_MS * 1000)
        async with encoding(client, VISIT, frames) as encoder:
            assert await asyncio.wait_for(shelf.started.get(), 10) == (DOORBELL, VISIT, STARTS_MS)
            await encoder.delivered(recorder)
            assert await encoder.stop() == 200
            clip = await shelf.next_clip()
    assert time.monotonic() - began < 8
    assert clip.starts_ms == STARTS_MS
    assert clip.duration_ms == pytest.approx(10_000, abs=150)
    assert clip.gaps == 0
    file = shelf.clip_of(VISIT)
    assert clip.size_bytes == file.stat().st_size
    read = read_clip(file)
    assert read.decoded == len(read.pictures) == 299
    assert read.pictures[150] == pytest.approx(5, abs=0.002)
    assert read.sounds[250] == pytest.approx(5, abs=0.002)
    assert decoders == []


async def test_a_pre_roll_arrives_whole_over_a_lossy_way(spool: Path, shelf: Shelf) -> None:
    recorder = new_recorder(spool, shelf)
    # What follows the pre-roll lets the recorder ask again for what was lost twice.
    frames = visit_frames(16, starts_us=STARTS_MS * 1000)
    bad = Conditions(loss=0.03, delay_ms=20, reorder=0.01)
    async with (
        serving(recorder) as client,
        EmulatedNetwork(seed=3, up=bad, down=bad) as network,
        encoding(client, VISIT, frames, network=network, pace_s=0.003) as encoder,
    ):
        began = time.monotonic()
        await encoder.delivered(recorder, 10)
        took_s = time.monotonic() - began
        await encoder.stop()
        clip = await shelf.next_clip()
    assert took_s <= 4
    assert clip.gaps == 0
    pictures = read_clip(shelf.clip_of(VISIT)).pictures
    assert len([at for at in pictures if at < 9.99]) == 300
    sounds = read_clip(shelf.clip_of(VISIT)).sounds
    assert len([at for at in sounds if at < 9.99]) > 490


async def test_a_finished_clip_gets_its_pictures(spool: Path, shelf: Shelf) -> None:
    frames = visit_frames(4, starts_us=STARTS_MS * 1000)
    async with (
        serving(recorder := new_recorder(spool, shelf)) as client,
        encoding(client, VISIT, frames) as encoder,
    ):
        await encoder.delivered(recorder)
        await encoder.stop()
        clip = await shelf.next_clip()
        async with asyncio.timeout(20):
            visit, stills = await shelf.stills.get()
    assert (visit, stills.size_bytes) == (VISIT, clip.size_bytes)
    assert stills.preview.tiles == 4
    assert stills.strip.startswith(b"\xff\xd8")


async def test_the_clip_has_its_index_in_front(spool: Path, shelf: Shelf) -> None:
    async with (
        serving(recorder := new_recorder(spool, shelf)) as client,
        encoding(client, VISIT, visit_frames(2, starts_us=STARTS_MS * 1000)) as encoder,
    ):
        await encoder.delivered(recorder)
        await encoder.stop()
        await shelf.next_clip()
    content = shelf.clip_of(VISIT).read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


async def test_other_encoders_are_timed_by_arrival(spool: Path, shelf: Shelf) -> None:
    before_ms = time.time_ns() // 1_000_000
    async with (
        serving(recorder := new_recorder(spool, shelf)) as client,
        encoding(client, VISIT, visit_frames(2), named=False, pace_s=0.01) as encoder,
    ):
        await encoder.delivered(recorder)
        await encoder.stop()
        clip = await shelf.next_clip()
    assert before_ms <= clip.starts_ms <= time.time_ns() // 1_000_000
    read = read_clip(shelf.clip_of(VISIT))
    assert read.seconds > 0.9
    assert abs(read.sounds[0]) < 0.5


async def test_an_encoder_that_comes_back_continues_the_clip(spool: Path, shelf: Shelf) -> None:
    frames = visit_frames(8, starts_us=STARTS_MS * 1000)
    again = [frame for frame in frames if frame.at_us >= STARTS_MS * 1000 + 3_000_000]
    async with serving(recorder := new_recorder(spool, shelf)) as client:
        async with encoding(client, VISIT, frames[:400]) as encoder:
            await encoder.delivered(recorder)
            await encoder.stop()
            first = await shelf.next_clip()
        async with encoding(client, VISIT, again) as encoder:
            await encoder.delivered(recorder)
            await encoder.stop()
            clip = await shelf.next_clip()
    assert first.duration_ms == pytest.approx(5_000, abs=200)
    assert clip.starts_ms == STARTS_MS
    assert clip.duration_ms == pytest.approx(8_000, abs=200)
    assert clip.gaps == 0
    read = read_clip(shelf.clip_of(VISIT))
    assert read.decoded == len(read.pictures) == 239
    assert max(after - before for before, after in pairwise(read.pictures)) < 0.05


async def test_a_silence_between_two_sessions_is_a_gap(spool: Path, shelf: Shelf) -> None:
    frames = visit_frames(8, starts_us=STARTS_MS * 1000)
    later = [frame for frame in frames if frame.at_us >= STARTS_MS * 1000 + 6_000_000]
    async with serving(recorder := new_recorder(spool, shelf)) as client:
        for some in (frames[:200], later):
            async with encoding(client, VISIT, some) as encoder:
                await encoder.delivered(recorder)
                await encoder.stop()
                clip = await shelf.next_clip()
    assert clip.gaps == 1
    assert clip.duration_ms == pytest.approx(8_000, abs=200)
    assert read_clip(shelf.clip_of(VISIT)).sounds[-1] == pytest.approx(7.9, abs=0.1)


async def test_a_second_session_of_a_visit_ends_the_first(spool: Path, shelf: Shelf) -> None:
    frames = visit_frames(4, starts_us=STARTS_MS * 1000)
    recorder = new_recorder(spool, shelf, Limits(sessions=1))
    async with serving(recorder) as client, encoding(client, VISIT, frames) as first:
        await first.delivered(recorder)
        async with encoding(client, VISIT, frames) as second:
            assert await first.stop() == 404
            assert recorder.active == 1
            await second.delivered(recorder)
            assert await second.stop() == 200
            clip = await shelf.next_clip()
    assert clip.duration_ms == pytest.approx(4_000, abs=200)


async def test_a_stopping_server_finishes_open_clips(spool: Path, shelf: Shelf) -> None:
    frames = visit_frames(4, starts_us=STARTS_MS * 1000)
    async with (
        serving(recorder := new_recorder(spool, shelf)) as client,
        encoding(client, VISIT, frames) as encoder,
    ):
        await encoder.delivered(recorder)
    assert (await shelf.next_clip()).duration_ms == pytest.approx(4_000, abs=200)
    assert read_clip(shelf.clip_of(VISIT)).decoded == 119


async def test_what_a_crash_left_is_finished_at_the_next_start(spool: Path, shelf: Shelf) -> None:
    shelf.broken = True
    frames = visit_frames(4, starts_us=STARTS_MS * 1000)
    async with (
        serving(recorder := new_recorder(spool, shelf)) as client,
        encoding(client, VISIT, frames) as encoder,
    ):
        await encoder.delivered(recorder)
    part = next(path for path in parts_in(spool) if path.suffix == ".mp4")
    part.write_bytes(part.read_bytes()[:-900])
    shelf.broken = False
    async with running(new_recorder(spool, shelf).run):
        clip = await shelf.next_clip()
        await settled(spool, KEY)
    assert clip.starts_ms == STARTS_MS
    assert clip.duration_ms > 3_000
    assert read_clip(shelf.clip_of(VISIT)).decoded > 90
    async with running(new_recorder(spool, shelf).run):
        await asyncio.sleep(0.1)
    assert shelf.clips.empty()


@pytest.mark.parametrize(
    "limits", [Limits(idle_s=0.6), Limits(longest_s=0.8)], ids=["silent", "long"]
)
async def test_a_session_ends_by_itself(spool: Path, shelf: Shelf, limits: Limits) -> None:
    recorder = new_recorder(spool, shelf, limits)
    frames = visit_frames(2, starts_us=STARTS_MS * 1000)
    async with serving(recorder) as client, encoding(client, VISIT, frames) as encoder:
        clip = await shelf.next_clip()
        assert recorder.active == 0
        assert await encoder.stop() == 404
    assert clip.duration_ms == pytest.approx(2_000, abs=150)


async def test_an_encoder_that_goes_away_leaves_a_clip(spool: Path, shelf: Shelf) -> None:
    frames = visit_frames(3, starts_us=STARTS_MS * 1000)
    async with serving(recorder := new_recorder(spool, shelf)) as client:
        async with encoding(client, VISIT, frames) as encoder:
            await encoder.delivered(recorder)
        assert (await shelf.next_clip()).duration_ms == pytest.approx(3_000, abs=150)


async def test_an_encoder_without_pictures_leaves_nothing(spool: Path, shelf: Shelf) -> None:
    recorder = new_recorder(spool, shelf, Limits(idle_s=0.3))
    late = [f for f in visit_frames(1, starts_us=STARTS_MS * 1000) if not f.keyframe]
    async with serving(recorder) as client, encoding(client, VISIT, late) as encoder:
        await all_ended(recorder)
        assert encoder.wishes
    assert shelf.clips.empty()
    assert parts_in(spool) == []
