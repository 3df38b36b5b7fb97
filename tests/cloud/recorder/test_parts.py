"""Parts on disk and their way into one clip, without a network."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import av
import pytest

from cloud.recorder.join import join
from cloud.recorder.ports import VisitKey
from cloud.recorder.spool import Part, Spool
from cloud.recorder.timeline import Timeline
from media.fmp4 import ClipWriter
from media.frames import EncodedFrame
from media.incoming import ReceivedFrame, SenderReport
from tests.support.clip_reading import read_clip
from tests.support.coded_video import pictures, visit_frames

KEY = VisitKey("a" * 26, "visit-0001")
STARTS_MS = 1_800_000_000_000


def write_part(spool: Path, frames: list[EncodedFrame], sound: bool = True) -> Part:
    """A part with these frames, whose times count from STARTS_MS."""
    starts_ms = STARTS_MS + frames[0].at_us // 1000
    part = Spool(spool).new_part(KEY, starts_ms)
    with ClipWriter(part.path, sound=sound) as writer:
        for frame in frames:
            writer.write(replace(frame, at_us=frame.at_us + STARTS_MS * 1000))
    return part


def between(start_s: float, end_s: float) -> list[EncodedFrame]:
    """The same visit's frames; `start_s` is a keyframe."""
    return [f for f in visit_frames(12) if start_s * 1e6 <= f.at_us < end_s * 1e6]


def test_parts_are_found_in_the_order_of_capture(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for starts_ms in (3000, 1000, 2000):
        spool.new_part(KEY, starts_ms).path.touch()
    (tmp_path / KEY.doorbell / "visit-0001.mp4").touch()
    (tmp_path / KEY.doorbell / "notes.txt").touch()
    assert [(p.starts_ms, p.number) for p in spool.parts(KEY)] == [(1000, 2), (2000, 3), (3000, 1)]
    assert spool.visits() == [KEY]


def test_a_kept_visit_is_open_again_when_it_grows(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.new_part(KEY, 1000).path.touch()
    assert not spool.is_kept(KEY)
    spool.mark_kept(KEY)
    assert spool.is_kept(KEY)
    later = spool.new_part(KEY, 2000).path
    later.touch()
    later_ns = later.stat().st_mtime_ns + 10**9
    os.utime(later, ns=(later_ns, later_ns))
    assert not spool.is_kept(KEY)
    spool.remove(KEY)
    assert list((tmp_path / KEY.doorbell).iterdir()) == []


@pytest.mark.parametrize(
    ("pieces", "seconds", "gaps"),
    [
        ([(0, 4)], 4, 0),
        ([(0, 4), (4, 8)], 8, 0),
        ([(0, 4), (2, 8)], 8, 0),
        ([(0, 4), (6, 8)], 8, 1),
        ([(0, 6), (1, 3)], 6, 0),
        ([(0, 2), (4, 5), (8, 9)], 9, 2),
        ([(3, 6), (0, 4)], 6, 0),
    ],
    ids=["one", "adjacent", "overlap", "gap", "contained", "two gaps", "disorder"],
)
def test_parts_become_one_clip(
    tmp_path: Path, pieces: list[tuple[int, int]], seconds: int, gaps: int
) -> None:
    for start_s, end_s in pieces:
        write_part(tmp_path, between(start_s, end_s))
    target = tmp_path / "clip.mp4"
    clip = join(Spool(tmp_path).parts(KEY), target)
    assert clip is not None
    assert clip.starts_ms == STARTS_MS
    assert clip.duration_ms == pytest.approx(seconds * 1000, abs=40)
    assert clip.gaps == gaps
    assert clip.size_bytes == target.stat().st_size
    read = read_clip(target)
    covered = {n for start, end in pieces for n in range(start * 30, end * 30)}
    assert read.decoded == len(read.pictures) == len(covered)
    assert read.pictures == pytest.approx([n / 30 for n in sorted(covered)], abs=0.001)


def test_sound_missing_in_one_part_stays_in_the_other(tmp_path: Path) -> None:
    write_part(tmp_path, between(0, 2), sound=False)
    write_part(tmp_path, between(2, 4))
    target = tmp_path / "clip.mp4"
    assert join(Spool(tmp_path).parts(KEY), target) is not None
    sounds = read_clip(target).sounds
    assert len(sounds) == 100
    assert sounds[-1] == pytest.approx(3.98, abs=0.01)


def test_pictures_of_another_size_belong_to_the_clip(tmp_path: Path) -> None:
    write_part(tmp_path, between(0, 4))
    other = [
        EncodedFrame("video", data, 4_000_000 + n * 33_333, n == 0)
        for n, data in enumerate(pictures(30, width=640, height=360))
    ]
    write_part(tmp_path, other, sound=True)
    target = tmp_path / "clip.mp4"
    clip = join(Spool(tmp_path).parts(KEY), target)
    assert clip is not None
    assert clip.gaps == 0
    assert len(read_clip(target).pictures) == 150
    with av.open(str(target)) as container:
        assert container.streams.video[0].width == 320
        widths = [frame.width for frame in container.decode(video=0)]
    assert widths == [320] * 120 + [640] * 30


def test_sound_that_was_only_promised_leaves_no_track(tmp_path: Path) -> None:
    write_part(tmp_path, [frame for frame in between(0, 2) if frame.kind == "video"])
    target = tmp_path / "clip.mp4"
    assert join(Spool(tmp_path).parts(KEY), target) is not None
    with av.open(str(target)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_part_cut_anywhere_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    part = write_part(tmp_path, between(0, 4))
    whole = part.path.read_bytes()
    for keep in (0, 100, 1200, *range(len(whole) // 2, len(whole), 499)):
        part.path.write_bytes(whole[:keep])
        clip = join([part], tmp_path / "clip.mp4")
        if keep > 1200:
            assert clip is not None
            read = read_clip(tmp_path / "clip.mp4")
            assert read.decoded == len(read.pictures) > 30
        else:
            assert clip is None


def received(kind: str, ticks: int, arrived_us: int) -> ReceivedFrame:
    return ReceivedFrame(kind, b"x", ticks, True, arrived_us)  # type: ignore[arg-type]


def test_a_named_start_times_both_tracks() -> None:
    timeline = Timeline(STARTS_MS)
    assert timeline.captured(received("video", 90_000, 5)).at_us == STARTS_MS * 1000 + 1_000_000
    assert timeline.captured(received("audio", -480, 9)).at_us == STARTS_MS * 1000 - 10_000


def test_without_a_name_each_track_starts_when_it_arrives() -> None:
    timeline = Timeline(None, unix_minus_monotonic_us=7_000_000)
    assert timeline.captured(received("video", 4_000, 100)).at_us == 7_000_100
    assert timeline.captured(received("audio", -9_600, 300)).at_us == 7_000_300
    assert timeline.captured(received("video", 94_000, 999_999_999)).at_us == 8_000_100
    assert timeline.captured(received("audio", 0, 888_888_888)).at_us == 7_200_300


@pytest.mark.parametrize("late_us", [0, 30_000, 200_000, -200_000])
def test_the_encoders_reports_put_sound_beside_its_pictures(late_us: int) -> None:
    timeline = Timeline(None, unix_minus_monotonic_us=0)
    timeline.captured(received("video", 0, 1_000_000))
    timeline.captured(received("audio", 0, 1_000_000 + late_us))
    # By the encoder's clock, both tracks were at 0 in the same instant.
    timeline.align(
        {"video": SenderReport(9_000_000, 90_000), "audio": SenderReport(10_000_000, 96_000)}
    )
    at_us = timeline.captured(received("audio", 48_000, 0)).at_us
    kept_us = late_us if abs(late_us) < 40_000 else 0
    assert at_us == 2_000_000 + kept_us


def test_a_named_start_is_not_moved_by_reports() -> None:
    timeline = Timeline(STARTS_MS)
    timeline.align({"video": SenderReport(5, 0), "audio": SenderReport(9_000_000, 0)})
    assert timeline.captured(received("audio", 0, 0)).at_us == STARTS_MS * 1000
