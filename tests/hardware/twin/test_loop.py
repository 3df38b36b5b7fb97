import asyncio
from pathlib import Path

from hardware.contracts import check_camera
from hardware.twin.loop import KEYFRAME_EVERY, LOOP_S, LoopCamera, encode_loops
from media.frames import EncodedFrame, VideoFormat

# Small, so that encoding six seconds of it takes one.
VIDEO = VideoFormat(160, 90, 15, 100_000)
FORMATS = (VIDEO, VideoFormat(80, 44, 15, 40_000), VideoFormat(80, 44, 15, 50_000))


async def test_the_loop_is_a_camera() -> None:
    await check_camera(LoopCamera(FORMATS, None))


def test_it_has_a_keyframe_every_fifteen_pictures() -> None:
    for loop in encode_loops(FORMATS):
        assert len(loop) == LOOP_S * VIDEO.fps
        keyframes = [index for index, (_, keyframe) in enumerate(loop) if keyframe]
        assert keyframes == list(range(0, len(loop), KEYFRAME_EVERY))


def first_picture(folder: Path) -> EncodedFrame:
    async def look() -> EncodedFrame:
        async with LoopCamera(FORMATS, folder) as camera:
            return await anext(camera.frames())

    return asyncio.run(look())


def test_it_is_encoded_once_and_kept(tmp_path: Path) -> None:
    first_picture(tmp_path)
    (kept,) = tmp_path.iterdir()
    written_ns = kept.stat().st_mtime_ns
    assert first_picture(tmp_path).keyframe
    assert kept.stat().st_mtime_ns == written_ns


def test_a_file_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    first_picture(tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.stat().st_size
    kept.write_bytes(kept.read_bytes()[:-100])
    assert first_picture(tmp_path).keyframe
    assert kept.stat().st_size > whole * 0.8
