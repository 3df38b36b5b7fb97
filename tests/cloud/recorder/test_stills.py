"""The strip and the picture of a clip, and the process that makes them."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path

import av
import pytest

from cloud.recorder.ports import StillPictures, VisitKey
from cloud.recorder.stills import Stills, Worker
from cloud.recorder.strip import TILE_PX, TILES_LIMIT, seen
from media.fmp4 import ClipWriter
from media.frames import EncodedFrame
from media.still import StillError
from tests.support.coded_video import pictures
from tests.support.recorder_rig import running

KEY = VisitKey("a" * 26, "visit-0001")
LIMIT_S = 30.0


def clip_of(
    folder: Path, seconds: float, *, width: int = 320, height: int = 180, group: int = 30
) -> Path:
    """A clip whose bright bars move on from keyframe to keyframe."""
    file = folder / f"{seconds}-{width}x{height}.mp4"
    shots = pictures(round(seconds * 30), width=width, height=height, group=group)
    with ClipWriter(file, sound=False) as writer:
        for number, data in enumerate(shots):
            at_us = number * 1_000_000 // 30
            writer.write(EncodedFrame("video", data, at_us, number % group == 0))
    return file


def luma(jpeg: bytes) -> list[bytes]:
    """The rows of a JPEG."""
    with av.open(io.BytesIO(jpeg), "r", format="mjpeg") as container:
        frame = next(container.decode(video=0))
    plane = frame.planes[0]
    data = bytes(plane)
    return [data[at : at + frame.width] for at in range(0, plane.buffer_size, plane.line_size)]


def test_a_strip_has_a_tile_for_every_step(tmp_path: Path) -> None:
    found = seen(clip_of(tmp_path, 8), 0)
    assert found.preview.model_dump() == {"tiles": 8, "every_ms": 1000, "width": 160, "height": 90}
    rows = luma(found.strip)
    assert (len(rows[0]), len(rows)) == (8 * 160, 90)
    tiles = [rows[45][at : at + 160] for at in range(0, 8 * 160, 160)]
    # The bars move on by 120 of 200 columns in a second: five tiles that differ, then again.
    assert len({tile[20] // 8 for tile in tiles[:5]}) == 5
    assert abs(tiles[0][20] - tiles[5][20]) < 8


def test_a_long_clip_has_no_more_tiles_than_fit(tmp_path: Path) -> None:
    preview = seen(clip_of(tmp_path, 62, group=60), 0).preview
    assert preview.tiles == TILES_LIMIT
    assert preview.every_ms * preview.tiles >= 62_000


@pytest.mark.parametrize(
    ("size", "tile"), [((180, 320), (90, 160)), ((640, 480), (160, 120)), ((64, 64), (160, 160))]
)
def test_tiles_keep_the_aspect(
    tmp_path: Path, size: tuple[int, int], tile: tuple[int, int]
) -> None:
    preview = seen(clip_of(tmp_path, 1, width=size[0], height=size[1]), 0).preview
    assert (preview.width, preview.height) == tile
    assert max(tile) == TILE_PX


@pytest.mark.parametrize(("at_ms", "second"), [(0, 1), (2_900, 3), (3_100, 4), (99_000, 5)])
def test_the_large_picture_is_of_the_moment(tmp_path: Path, at_ms: int, second: int) -> None:
    file = clip_of(tmp_path, 6)
    picture = luma(seen(file, at_ms).picture)
    assert (len(picture[0]), len(picture)) == (320, 180)
    # JPEG spreads the range of television (16 to 235) to that of a byte.
    expected = ((10 + second * 120) % 200 + 4) * 255 / 219
    assert picture[90][10] == pytest.approx(expected, abs=12)


def test_only_keyframes_are_decoded(tmp_path: Path) -> None:
    """A clip with nothing but noise between its keyframes looks the same."""
    file = clip_of(tmp_path, 4)
    whole = seen(file, 1000)
    shots = pictures(120)
    spoilt = tmp_path / "spoilt.mp4"
    with ClipWriter(spoilt, sound=False) as writer:
        for number, data in enumerate(shots):
            kept = data if number % 30 == 0 else data[:6] + b"\x55" * (len(data) - 6)
            at_us = number * 1_000_000 // 30
            writer.write(EncodedFrame("video", kept, at_us, number % 30 == 0))
    found = seen(spoilt, 1000)
    assert (found.strip, found.picture) == (whole.strip, whole.picture)


@pytest.mark.parametrize("content", [b"", b"no clip", bytes(5000)], ids=["empty", "text", "zeros"])
def test_what_is_no_clip_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(content)
    with pytest.raises(StillError, match=r"clip\.mp4"):
        seen(file, 0)


def test_broken_keyframes_show_their_neighbours(tmp_path: Path) -> None:
    file = clip_of(tmp_path, 4)
    content = file.read_bytes()
    whole = seen(file, 0)
    with av.open(str(file)) as container:
        keys = [p for p in container.demux(video=0) if p.size and p.is_keyframe]
        spans = [(p.pos or 0, p.size) for p in keys]
    at, size = spans[2]
    broken = content[:at] + b"\xff" * size + content[at + size :]
    file.write_bytes(broken)
    found = seen(file, 0)
    assert found.preview == whole.preview
    assert found.picture == whole.picture


async def test_a_worker_makes_the_same_and_comes_last(tmp_path: Path) -> None:
    file = clip_of(tmp_path, 3)
    worker = Worker()
    try:
        found = await worker.look(file, 1000)
        assert found == seen(file, 1000)
        pid = worker.pid
        assert pid is not None
        assert pid != os.getpid()
        assert os.getpriority(os.PRIO_PROCESS, pid) == 15
        (tmp_path / "other.mp4").write_bytes(b"nonsense")
        with pytest.raises(StillError, match=r"other\.mp4"):
            await worker.look(tmp_path / "other.mp4", 0)
        assert worker.pid == pid
    finally:
        await worker.close()
    assert worker.pid is None
    await worker.close()


SCRIPTS = {
    "hangs": "import time; time.sleep(600)",
    "crashes": "import os; input(); os.abort()",
    "babbles": "input(); print('what?', flush=True); input()",
    "grows": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28));"
        "input(); bytes(2**30)"
    ),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
async def test_a_worker_that_fails_is_ended(tmp_path: Path, script: str) -> None:
    worker = Worker((sys.executable, "-c", script), limit_s=1.0)
    with pytest.raises(StillError, match="process"):
        await worker.look(tmp_path / "clip.mp4", 0)
    assert worker.pid is None


async def made(stills: asyncio.Queue[tuple[str, StillPictures]]) -> tuple[str, StillPictures]:
    async with asyncio.timeout(LIMIT_S):
        return await stills.get()


class Album:
    """Where pictures go."""

    def __init__(self) -> None:
        self.pages: asyncio.Queue[tuple[str, StillPictures]] = asyncio.Queue()

    async def keep(self, doorbell: str, visit: str, stills: StillPictures) -> None:
        self.pages.put_nowait((visit, stills))

    async def moment(self, visit: str) -> int:
        return 0


async def test_files_are_looked_at_in_turn_and_removed(tmp_path: Path) -> None:
    album = Album()
    stills = Stills(album.moment, album.keep, idle_s=0.1)
    files = [clip_of(tmp_path, 1), clip_of(tmp_path, 2)]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    async with running(stills.run):
        for number, file in enumerate([files[0], broken, files[1]]):
            stills.want(VisitKey(KEY.doorbell, f"visit-{number}"), file)
        assert [(await made(album.pages))[0] for _ in files] == ["visit-0", "visit-2"]
        async with asyncio.timeout(LIMIT_S):
            while any(file.exists() for file in (*files, broken)) or stills._worker.pid:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert album.pages.empty()
