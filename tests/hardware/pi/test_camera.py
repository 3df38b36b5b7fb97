"""picamera2's own source shows whether our adapter fits it; importing it needs libcamera."""

import ast
import importlib.util
import inspect
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest

from hardware.bridge import now_us
from hardware.contracts import check_camera
from hardware.errors import MissingError
from hardware.pi.camera import PiCamera
from hardware.pi.streams import make_encoder, make_output
from hardware.twin.pictures import Picture
from hardware.x264 import H264Encoder
from media.frames import VideoFormat

VIDEO = VideoFormat(320, 180, 30, 300_000)
LOW = VideoFormat(160, 90, 30, 150_000)
FORMATS = (VIDEO, LOW, LOW)
SENSOR_STEP_US = 1_000_000 // VIDEO.fps


@pytest.fixture(scope="module")
def sources() -> Path:
    found = importlib.util.find_spec("picamera2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("picamera2 is not installed (pip install --no-deps picamera2)")
    return Path(found.submodule_search_locations[0])


def method(sources: Path, file: str, owner: str, name: str) -> ast.FunctionDef:
    tree = ast.parse((sources / file).read_text())
    (holder,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == owner]
    methods = [n for n in holder.body if isinstance(n, ast.FunctionDef) and n.name == name]
    assert methods, f"picamera2's {owner} has no {name}"
    return methods[0]


def parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args[1:]]


ENCODERS = [
    ("encoders/h264_encoder.py", "H264Encoder"),
    ("encoders/libav_h264_encoder.py", "LibavH264Encoder"),
]


@pytest.mark.parametrize(("file", "owner"), ENCODERS)
def test_both_encoders_take_what_we_give_them(sources: Path, file: str, owner: str) -> None:
    wanted = {"bitrate", "repeat", "iperiod", "framerate", "profile"}
    assert wanted <= set(parameters(method(sources, file, owner, "__init__")))
    assert parameters(method(sources, file, owner, "force_key_frame")) == []


def test_an_output_is_given_what_ours_expects(sources: Path) -> None:
    theirs = parameters(method(sources, "outputs/output.py", "Output", "outputframe"))
    assert theirs == ["frame", "keyframe", "timestamp", "packet", "audio"]


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("create_video_configuration", {"main", "lores", "controls", "transform", "buffer_count"}),
        ("configure", {"camera_config"}),
        ("start_recording", {"encoder", "output"}),
        ("start_encoder", {"encoder", "output", "name"}),
        ("stop_encoder", {"encoders"}),
        ("stop_recording", set()),
        ("close", set()),
    ],
)
def test_the_camera_has_the_methods_we_call(sources: Path, name: str, used: set[str]) -> None:
    assert used <= set(parameters(method(sources, "picamera2.py", "Picamera2", name)))


def test_the_profile_is_one_that_the_encoder_knows(sources: Path) -> None:
    start = ast.unparse(method(sources, *ENCODERS[0], "_start"))
    assert "'constrained baseline'" in start


def test_time_stamps_are_microseconds_since_the_first_picture(sources: Path) -> None:
    stamp = ast.unparse(method(sources, "encoders/encoder.py", "Encoder", "_timestamp"))
    assert "SensorTimestamp] / 1000" in stamp
    assert "ts - self.firsttimestamp" in stamp


class SmallPicamera2:
    """A stand-in with the real one's method names that encodes grey pictures on its thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def create_video_configuration(self, **how: Any) -> dict[str, Any]:
        return how

    def configure(self, camera_config: dict[str, Any]) -> None:
        self._sizes = {name: camera_config[name]["size"] for name in ("main", "lores")}

    def start_recording(self, encoder: Any, output: Any) -> None:
        self.start_encoder(encoder, output, name="main")

    def stop_recording(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def start_encoder(self, encoder: Any, output: Any, *, name: str) -> None:
        width, height = self._sizes[name]
        video = VideoFormat(width, height, encoder.how["framerate"], encoder.how["bitrate"])
        self._threads.append(threading.Thread(target=self._record, args=(encoder, output, video)))
        self._threads[-1].start()

    def stop_encoder(self, encoders: Any) -> None:
        encoders.stopped.set()

    def close(self) -> None:
        self._stop.set()

    def _record(self, encoder: Any, output: Any, video: VideoFormat) -> None:
        picture = Picture(video.width, video.height)
        picture.data[:] = 128
        coder, number = H264Encoder(video), now_us() // SENSOR_STEP_US + 1
        while not encoder.stopped.wait((number * SENSOR_STEP_US - now_us()) / 1e6):
            if self._stop.is_set():
                return
            # Both encoders get the same pictures, with the sensor's time.
            at_us = number * SENSOR_STEP_US
            encoder.firsttimestamp = encoder.firsttimestamp or at_us
            wanted, encoder.wanted = encoder.wanted, False
            frame = coder.encode(picture.frame(), at_us, wanted)
            output.outputframe(frame.data, frame.keyframe, at_us - encoder.firsttimestamp)
            number += 1


class SmallEncoder:
    """Takes what picamera2's encoders take."""

    def __init__(self, **how: Any) -> None:
        self.how = how
        self.threads = 0
        self.firsttimestamp: int | None = None
        self.wanted = False
        self.stopped = threading.Event()

    def force_key_frame(self) -> None:
        self.wanted = True


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules named like picamera2's, for what needs a camera to be imported."""
    names: dict[str, dict[str, Any]] = {
        "picamera2": {"Picamera2": SmallPicamera2},
        "picamera2.encoders": {"H264Encoder": SmallEncoder},
        "picamera2.outputs": {"Output": object},
        "libcamera": {"Transform": lambda **how: how},
    }
    for name, contents in names.items():
        module = types.ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)


async def test_the_adapter_is_a_camera(stand_in: None) -> None:
    await check_camera(PiCamera(FORMATS), has_close_up=False)


async def test_what_the_encoder_hands_over_is_passed_on(stand_in: None) -> None:
    encoder = make_encoder(VIDEO, 2.0)
    assert isinstance(encoder, SmallEncoder)
    assert encoder.how["iperiod"] == 60
    assert encoder.threads == 1
    output = make_output(lambda data, keyframe, since_us: None)
    assert list(inspect.signature(output.outputframe).parameters) == [
        "frame", "keyframe", "timestamp", "packet", "audio",
    ]  # fmt: skip


async def test_without_a_camera_there_is_a_remedy(
    stand_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing() -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(sys.modules["picamera2"], "Picamera2", nothing)
    with pytest.raises(MissingError, match="No camera is connected"):
        async with PiCamera(FORMATS):
            pass


async def test_without_picamera2_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingError, match=r"sudo apt install .* python3-picamera2"):
        async with PiCamera(FORMATS):
            pass
