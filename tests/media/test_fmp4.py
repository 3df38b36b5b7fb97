"""Clips, read back by a player's library."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from media.fmp4 import ClipError, ClipSummary, ClipWriter, FormatChangedError
from media.frames import EncodedFrame
from tests.support.clip_reading import read_clip
from tests.support.coded_video import pictures, visit_frames

STARTS_US = 1_700_000_000_000_000


def test_a_clip_holds_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "visit.mp4"
    with ClipWriter(path) as writer:
        for frame in visit_frames(3, starts_us=STARTS_US):
            writer.write(frame)
        summary = writer.close()
    clip = read_clip(path)
    assert (clip.width, clip.height) == (320, 180)
    assert clip.decoded == len(clip.pictures) == 90
    assert len(clip.sounds) == 150
    assert clip.pictures[30] == pytest.approx(1, abs=0.001)
    assert clip.sounds[50] == pytest.approx(1, abs=0.001)
    assert summary == ClipSummary(STARTS_US, 3000, path.stat().st_size)


def test_starts_at_the_first_keyframe_and_drops_sound_before_it(tmp_path: Path) -> None:
    frames = [frame for frame in visit_frames(3) if frame.at_us >= 400_000]
    with ClipWriter(tmp_path / "visit.mp4") as writer:
        for frame in frames:
            writer.write(frame)
    assert writer.starts_us == 1_000_000
    clip = read_clip(tmp_path / "visit.mp4")
    assert clip.decoded == 60
    assert len(clip.sounds) == 100
    assert clip.sounds[0] == clip.pictures[0] == 0


def test_sound_keeps_its_place_beside_late_pictures(tmp_path: Path) -> None:
    frames = visit_frames(2)
    late = [replace(f, at_us=f.at_us + 7_000) if f.kind == "audio" else f for f in frames]
    with ClipWriter(tmp_path / "visit.mp4") as writer:
        for frame in late:
            writer.write(frame)
    assert read_clip(tmp_path / "visit.mp4").sounds[0] == pytest.approx(0.007, abs=0.0005)


def test_equal_and_backward_times_stay_in_order(tmp_path: Path) -> None:
    frames = [f for f in visit_frames(2) if f.kind == "video"]
    shaken = [replace(f, at_us=f.at_us - f.at_us % 70_000) for f in frames]
    shaken[20] = replace(shaken[20], at_us=100_000)
    with ClipWriter(tmp_path / "visit.mp4") as writer:
        for frame in shaken:
            writer.write(frame)
    times = read_clip(tmp_path / "visit.mp4").pictures
    assert len(times) == 60
    assert all(before < after for before, after in pairwise(times))


def test_pictures_do_not_wait_for_sound_that_never_comes(tmp_path: Path) -> None:
    path = tmp_path / "visit.mp4"
    with ClipWriter(path) as writer:
        for frame in visit_frames(5):
            if frame.kind == "video":
                writer.write(frame)
        assert read_clip(path).seconds > 4
    assert read_clip(path).decoded == 150


def test_without_sound_there_is_no_sound_track(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "visit.mp4", sound=False) as writer:
        for frame in visit_frames(1):
            writer.write(frame)
    clip = read_clip(tmp_path / "visit.mp4")
    assert clip.sounds == ()
    assert clip.decoded == 30


def test_writes_to_a_file_object() -> None:
    file = io.BytesIO()
    with ClipWriter(file) as writer:
        for frame in visit_frames(1):
            writer.write(frame)
        assert writer.close().size_bytes == len(file.getvalue())
    assert read_clip(file.getvalue()).decoded == 30


def test_without_a_keyframe_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "visit.mp4"
    with ClipWriter(path) as writer:
        for frame in visit_frames(1)[1:]:
            writer.write(frame)
        assert writer.close() == writer.close() == ClipSummary(0, 0, 0)
    assert not path.exists()


def test_another_size_belongs_in_another_clip(tmp_path: Path) -> None:
    larger = EncodedFrame("video", pictures(1, width=640, height=360)[0], 2_000_000, True)
    with ClipWriter(tmp_path / "visit.mp4") as writer:
        for frame in visit_frames(1):
            writer.write(frame)
        with pytest.raises(FormatChangedError):
            writer.write(larger)
    assert read_clip(tmp_path / "visit.mp4").decoded == 30


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with (
        ClipWriter(tmp_path / "nowhere" / "visit.mp4") as writer,
        pytest.raises(ClipError, match="cannot be written"),
    ):
        writer.write(visit_frames(1)[0])


def test_a_closed_clip_takes_nothing(tmp_path: Path) -> None:
    writer = ClipWriter(tmp_path / "visit.mp4")
    writer.close()
    with pytest.raises(ClipError, match="closed"):
        writer.write(visit_frames(1)[0])


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from media.fmp4 import ClipWriter
from tests.support.coded_video import visit_frames
writer = ClipWriter(Path(sys.argv[1]))
for frame in visit_frames(20, group=60):
    writer.write(frame)
    print(frame.at_us, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("killed_after", [70, 333, 777])
def test_a_killed_writer_leaves_a_clip_up_to_its_last_second(
    tmp_path: Path, killed_after: int
) -> None:
    path = tmp_path / "visit.mp4"
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)],
        cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        at_us = 0
        for _ in range(killed_after):
            at_us = int(process.stdout.readline())
            process.stdin.write("\n")
            process.stdin.flush()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    clip = read_clip(path)
    assert clip.decoded == len(clip.pictures)
    assert clip.pictures[-1] > at_us / 1_000_000 - 1.0
