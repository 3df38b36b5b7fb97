from pathlib import Path

from hardware.contracts import check_camera
from hardware.twin import loop
from hardware.twin.loop import KEYFRAME_EVERY, LOOP_S, LoopCamera, encode_loop
from media.frames import VideoFormat

# Small, so that encoding six seconds of it takes one.
VIDEO = VideoFormat(160, 90, 15, 100_000)


async def test_the_loop_is_a_camera() -> None:
    await check_camera(LoopCamera(VIDEO, None))


def test_it_has_a_keyframe_every_fifteen_pictures() -> None:
    frames = encode_loop(VIDEO)
    assert len(frames) == LOOP_S * VIDEO.fps
    keyframes = [index for index, (_, keyframe) in enumerate(frames) if keyframe]
    assert keyframes == list(range(0, len(frames), KEYFRAME_EVERY))


async def test_it_is_encoded_once_and_kept(tmp_path: Path) -> None:
    async with LoopCamera(VIDEO, tmp_path):
        pass
    (kept,) = tmp_path.iterdir()
    written_ns = kept.stat().st_mtime_ns
    async with LoopCamera(VIDEO, tmp_path) as camera:
        first = await anext(camera.frames())
    assert first.keyframe
    assert kept.stat().st_mtime_ns == written_ns


async def test_a_file_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    async with LoopCamera(VIDEO, tmp_path):
        pass
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-100])
    async with LoopCamera(VIDEO, tmp_path) as camera:
        assert (await anext(camera.frames())).keyframe
    assert kept.stat().st_size > len(whole) // 2
    assert loop._read(kept)
