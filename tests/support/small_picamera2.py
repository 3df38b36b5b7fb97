"""A small stand-in for picamera2, for what needs a camera to be imported.

Encoders and outputs derive from picamera2's own base classes, out of its installed sources; the
camera itself has the real one's method names, and an event loop that goes round like its.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardware.bridge import now_us
from hardware.planes import Layout, Pixels, Plane
from hardware.x264 import H264Encoder
from media.frames import VideoFormat

STEP_US = 1_000_000 // 30
# The ISP's rows begin at multiples of this.
ALIGNMENT = 64
TIMESTAMP = "SensorTimestamp"
# What Raspberry Pi's own pipeline advertises, as far as we care.
ALL_CONTROLS = frozenset({
    "AeConstraintMode", "AeExposureMode", "AeMeteringMode", "AfMode", "AfSpeed", "ExposureValue",
    "FrameDurationLimits", "LensPosition", "NoiseReductionMode", "Saturation",
})  # fmt: skip


def sources() -> Path:
    """Where picamera2 is installed; the test is skipped where it is not."""
    found = importlib.util.find_spec("picamera2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("picamera2 is not installed (pip install --no-deps picamera2)")
    return Path(found.submodule_search_locations[0])


@dataclass
class Bench:
    """What the stand-in cameras are like, and what became of them."""

    pixels: str = "YUV420"
    controls: frozenset[str] = ALL_CONTROLS
    count: int = 1
    resolution: tuple[int, int] = (4608, 2592)
    metadata: dict[str, Any] = field(default_factory=dict)
    paint: Callable[[Plane, int], None] = lambda luma, number: None
    failing: Exception | None = None
    """Raised by the constructor."""
    frozen: bool = False
    """No picture comes any more, and no error."""
    cameras: list[SmallPicamera2] = field(default_factory=list)
    appeared: threading.Event = field(default_factory=threading.Event)

    @property
    def camera(self) -> SmallPicamera2:
        """The one that was opened last."""
        return self.cameras[-1]


class Request:
    """One picture of every stream, as the real CompletedRequest shows it."""

    def __init__(self, streams: dict[str, Plane], metadata: dict[str, Any]) -> None:
        self.streams = streams
        self.request = types.SimpleNamespace(metadata=metadata)

    def get_metadata(self) -> dict[str, Any]:
        return dict(self.request.metadata)


class MappedArray:
    def __init__(self, request: Request, stream: str, reshape: bool = True) -> None:
        assert not reshape
        self.array = request.streams[stream]

    def __enter__(self) -> MappedArray:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing is mapped."""


class SmallPicamera2:
    """One camera; `bench` is set on a subclass for each test."""

    bench: Bench

    def __init__(self, camera_num: int = 0) -> None:
        read, self.notifyme_w = _pipe()
        self.notifymeread = read
        if self.bench.failing:
            raise RuntimeError("Camera __init__ sequence did not complete.") from self.bench.failing
        self.number = camera_num
        self.pre_callback: Callable[[Request], None] | None = None
        self.encoders: set[Any] = set()
        self.set: list[dict[str, Any]] = []
        self.closed = threading.Event()
        self.stopped = threading.Event()
        self._configuration: dict[str, Any] = {}
        self._thread: threading.Thread | None = None
        self.bench.cameras.append(self)
        self.bench.appeared.set()

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return [{"Num": number} for number in range(cls.bench.count)]

    @property
    def camera_controls(self) -> dict[str, Any]:
        return dict.fromkeys(self.bench.controls, (0, 1, 0))

    @property
    def sensor_resolution(self) -> tuple[int, int]:
        return self.bench.resolution

    def create_video_configuration(self, **how: Any) -> dict[str, Any]:
        return how

    def configure(self, camera_config: dict[str, Any]) -> None:
        for name in ("main", "lores"):
            width, _ = camera_config[name]["size"]
            camera_config[name]["format"] = self.bench.pixels
            camera_config[name]["stride"] = -(-width // ALIGNMENT) * ALIGNMENT
        self._configuration = camera_config

    def camera_configuration(self) -> dict[str, Any]:
        return self._configuration

    def set_controls(self, controls: dict[str, Any]) -> None:
        self.set.append(controls)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="small-picamera2", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.stopped.set()
        if self._thread:
            self._thread.join()

    def start_encoder(self, encoder: Any, output: Any, *, name: str) -> None:
        stream = self._configuration[name]
        if output is not None:
            encoder.output = output
        encoder.name, encoder.format, encoder.stride = name, stream["format"], stream["stride"]
        encoder.width, encoder.height = stream["size"]
        encoder.start(quality=None)
        self.encoders = self.encoders | {encoder}

    def stop_encoder(self, encoders: Any = None) -> None:
        for encoder in [encoders] if encoders else list(self.encoders):
            encoder.stop()
            self.encoders = self.encoders - {encoder}

    def close(self) -> None:
        self.stop()
        self.notifymeread.close()
        os.close(self.notifyme_w)
        self.closed.set()

    def _run(self) -> None:
        streams = {name: _grey(self._configuration[name]) for name in ("main", "lores")}
        layouts = {name: _layout(self._configuration[name]) for name in streams}
        number = now_us() // STEP_US + 1
        while not self.stopped.wait(max(0, number * STEP_US - now_us()) / 1e6):
            if not self.bench.frozen:
                for name, memory in streams.items():
                    self.bench.paint(layouts[name].luma(memory), number)
                metadata = {TIMESTAMP: number * STEP_US * 1000, **self.bench.metadata}
                self._process(Request(streams, metadata))
            number += 1

    def _process(self, request: Request) -> None:
        if self.pre_callback:
            self.pre_callback(request)
        for encoder in self.encoders:
            encoder.encode(encoder.name, request)


def hardware_encoder(base: Any) -> Any:
    """An encoder class that takes what picamera2's V4L2 one takes, on its real base class."""

    class SmallH264Encoder(base):  # type: ignore[misc]
        def __init__(self, bitrate: int, repeat: bool, iperiod: int, framerate: int, profile: str):
            super().__init__()
            self.bitrate, self.iperiod, self.framerate = bitrate, iperiod, framerate
            self.repeat, self.profile = repeat, profile
            self.vd: Any = None
            self._wanted = False

        def _start(self) -> None:
            video = VideoFormat(self.width, self.height, self.framerate, self.bitrate)
            self._coder = H264Encoder(video, self.iperiod)
            self._layout = _layout_of(self.width, self.height, self.stride, self._format)

        def _encode(self, stream: str, request: Request) -> None:
            since_us, wanted = self._timestamp(request), self._wanted
            self._wanted = False
            frame = self._layout.frame(request.streams[stream])
            coded = self._coder.encode(frame, since_us, wanted)
            self.outputframe(coded.data, coded.keyframe, since_us)

        def force_key_frame(self) -> None:
            self._wanted = True

    return SmallH264Encoder


def install(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Have `import picamera2` and `import libcamera` find the stand-in for one test."""
    bench, folder = Bench(), sources()
    for name in [name for name in sys.modules if name.split(".")[0] == "picamera2"]:
        monkeypatch.delitem(sys.modules, name)
    camera = type("Picamera2", (SmallPicamera2,), {"bench": bench})
    _module(monkeypatch, "libcamera", controls=types.SimpleNamespace(SensorTimestamp=TIMESTAMP),
            Transform=lambda **how: how, ColorSpace=types.SimpleNamespace(Rec709=lambda: "709"),
    )  # fmt: skip
    _module(monkeypatch, "picamera2", folder, Picamera2=camera, MappedArray=MappedArray)
    _module(monkeypatch, "picamera2.sensor_format", SensorFormat=object)
    _module(monkeypatch, "picamera2.request", _MappedBuffer=object)
    _module(monkeypatch, "picamera2.outputs", folder / "outputs")
    _module(monkeypatch, "picamera2.encoders", folder / "encoders")
    output = _real(monkeypatch, "picamera2.outputs.output").Output
    sys.modules["picamera2.outputs"].Output = output  # type: ignore[attr-defined]
    base = _real(monkeypatch, "picamera2.encoders.encoder").Encoder
    sys.modules["picamera2.encoders"].Encoder = base  # type: ignore[attr-defined]
    _module(monkeypatch, "picamera2.encoders.h264_encoder", H264Encoder=hardware_encoder(base))
    return bench


def _module(
    monkeypatch: pytest.MonkeyPatch, name: str, path: Path | None = None, **contents: Any
) -> None:
    module = types.ModuleType(name)
    if path:
        module.__path__ = [str(path)]
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, name, module)


def _real(monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    """One of picamera2's own modules, forgotten again after the test."""
    module = importlib.import_module(name)
    monkeypatch.setitem(sys.modules, name, module)
    return module


def _layout(stream: dict[str, Any]) -> Layout:
    width, height = stream["size"]
    return _layout_of(width, height, stream["stride"], stream["format"])


def _layout_of(width: int, height: int, stride: int, pixels: str) -> Layout:
    named: Pixels = "nv12" if pixels == "NV12" else "yuv420p"
    return Layout(width, height, stride, named)


def _grey(stream: dict[str, Any]) -> Plane:
    _, height = stream["size"]
    return np.full(stream["stride"] * height * 3 // 2, 128, np.uint8)


def _pipe() -> tuple[Any, int]:
    read, write = os.pipe2(os.O_NONBLOCK)
    return os.fdopen(read, "rb"), write
