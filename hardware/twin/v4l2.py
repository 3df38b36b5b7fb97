"""A USB camera as the twin's scene, by linuxpy: MJPEG or YUYV, decoded by PyAV."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import av
from av.video.codeccontext import VideoCodecContext

from hardware.errors import BusyError, HardwareError, MissingError, StalledError
from hardware.twin.pictures import Picture
from hardware.twin.video_file import letterbox
from media.frames import VideoFormat

# The first picture of a USB camera takes a second; one that takes longer is not working.
FIRST_PICTURE_TIMEOUT_S = 5.0
# Best first: MJPEG reaches 720p30 over USB 2, uncompressed pictures do not.
ENCODINGS = {"MJPG": "mjpeg", "YUYV": "rawvideo"}
JOIN_TIMEOUT_S = 2.0


class _Frame(Protocol):
    @property
    def data(self) -> bytes: ...


class _Device(Protocol):
    def open(self) -> None: ...
    def close(self) -> None: ...


class _Capture(Protocol):
    def set_format(self, width: int, height: int, pixel_format: str) -> object: ...
    def set_fps(self, fps: float) -> object: ...
    def __enter__(self) -> Iterator[_Frame]: ...
    def __exit__(self, *exc_info: object) -> None: ...


class UsbCamera:
    """Shows the newest picture of a V4L2 device; opened and read on a thread of its own."""

    def __init__(self, path: Path, video: VideoFormat) -> None:
        self._device, self._capture = _open(path)
        self._newest: av.VideoFrame | None = None
        self._fault: HardwareError | None = None
        self._stop = threading.Event()
        self._first = threading.Event()
        self._decoder = _configure(self._capture, video, path)
        self._path = path
        self._thread = threading.Thread(target=self._read, name="twin-usb-camera", daemon=True)
        self._thread.start()
        if not self._first.wait(FIRST_PICTURE_TIMEOUT_S):
            self.close()
            raise StalledError(f"{path} shows nothing. Unplug it and plug it in again.")

    def draw(self, picture: Picture, now_s: float) -> None:
        """Show the newest picture."""
        if self._fault:
            raise self._fault
        if self._newest:
            letterbox(self._newest, picture)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(JOIN_TIMEOUT_S)
        self._device.close()

    def _read(self) -> None:
        try:
            with self._capture as stream:
                for frame in stream:
                    if self._stop.is_set():
                        return
                    for picture in self._decoder.decode(av.Packet(frame.data)):
                        self._newest = picture
                        self._first.set()
        except (OSError, av.FFmpegError) as error:
            self._fault = HardwareError(f"{self._path} has stopped: {error}. Plug it in again.")
            self._first.set()


def _open(path: Path) -> tuple[_Device, _Capture]:
    try:
        from linuxpy.video.device import Device, VideoCapture
    except ImportError as error:
        raise MissingError(
            "USB cameras need the package linuxpy. Install it with: pip install 'doorstep[v4l2]'"
        ) from error
    if not path.exists():
        raise MissingError(f"There is no camera at {path}. Plug it in, or choose another.")
    try:
        device = Device(str(path))
        device.open()
        return device, VideoCapture(device)
    except PermissionError as error:
        raise MissingError(
            f"You may not open {path}. Join its group with: sudo usermod -aG video $USER"
        ) from error
    except OSError as error:
        raise MissingError(f"{path} is not a camera: {error.strerror or error}.") from error


def _configure(capture: _Capture, video: VideoFormat, path: Path) -> VideoCodecContext:
    for pixel_format, codec in ENCODINGS.items():
        try:
            capture.set_format(video.width, video.height, pixel_format)
            capture.set_fps(video.fps)
        except OSError as error:
            if isinstance(error, BlockingIOError) or error.errno == 16:
                raise BusyError(f"Another program uses {path}. Close it first.") from error
            continue
        decoder = av.CodecContext.create(codec, "r")
        if isinstance(decoder, VideoCodecContext):
            if codec == "rawvideo":
                decoder.width, decoder.height = video.width, video.height
                decoder.pix_fmt = "yuyv422"
            return decoder
    raise MissingError(f"{path} offers neither MJPEG nor YUYV at {video.width} × {video.height}.")
