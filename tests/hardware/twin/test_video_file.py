from pathlib import Path

import av
import numpy as np
import pytest

from hardware.contracts import check_camera
from hardware.errors import MissingError
from hardware.options import BoardOptions
from hardware.sound_file import Samples
from hardware.twin.board import open_twin
from hardware.twin.pictures import Picture
from hardware.twin.video_file import BLACK_Y, VideoFile

LENGTH = 5


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of brightening grey, 4:3, ten pictures a second."""
    path = tmp_path_factory.mktemp("video") / "street.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(LENGTH):
            grey = np.full((180, 160), 128, np.uint8)
            grey[:120] = 60 + 30 * number
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def test_it_is_shown_in_real_time_and_goes_round(video: Path) -> None:
    scene = VideoFile(video)
    picture = Picture(320, 180)
    seen = []
    scene.draw(picture, 100.0)
    for tick in range(12):
        scene.draw(picture, 100.0 + tick * 0.1 + 0.02)
        seen.append(round((int(picture.y[90, 160]) - 60) / 30))
    scene.close()
    assert seen == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


def test_another_shape_gets_black_bars(video: Path) -> None:
    scene = VideoFile(video)
    picture = Picture(320, 180)
    scene.draw(picture, 0.0)
    scene.close()
    row = picture.y[90]
    assert row[:38].tolist() == [BLACK_Y] * 38
    assert row[-38:].tolist() == [BLACK_Y] * 38
    assert row[160] == pytest.approx(60, abs=3)


async def test_it_is_a_camera(video: Path) -> None:
    options = BoardOptions(camera=str(video), width=320, height=180, bitrate_bps=300_000)
    await check_camera(open_twin(options).camera)


def test_a_sound_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    tone: Samples = np.zeros(4800, np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
    with pytest.raises(MissingError, match="holds no pictures"):
        open_twin(BoardOptions(camera=str(path)))
