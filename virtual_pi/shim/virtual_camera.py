"""What libcamera's virtual pipeline (0.4) lacks and picamera2 (0.3.38) needs, added from outside.

Each function fills one gap; on a real Pi, and with a libcamera that has no such gap, none of this
is loaded.
"""

from __future__ import annotations

import os
import time
from typing import Any

import libcamera
import picamera2.allocators.dmaallocator as allocator
import picamera2.dma_heap as dma_heap

# The kernel's heap has this name on a Pi; without one, pictures live in ordinary memory.
HEAP = "/dev/dma_heap/linux,cma"
US = 1_000_000
DEFAULT_FPS = 30
# No sensor is faster; also the guard against a period of nothing.
SHORTEST_US = 1000
# How much a late caller may hurry to be in time again.
ARREARS_S = 0.2
PAGE = 4096


def adapt() -> None:
    """Fill all gaps."""
    _answer_for_raw_streams()
    _keep_the_pace()
    _tell_that_frames_are_whole()
    _split_planes()
    if not os.path.exists(HEAP):
        _use_ordinary_memory()


def _answer_for_raw_streams() -> None:
    """The pipeline has no raw stream and answers nothing at all, where others answer something."""
    role = libcamera.StreamRole
    generate = libcamera.Camera.generate_configuration

    def generate_configuration(camera: Any, roles: list[Any]) -> Any:
        return generate(camera, [role.Viewfinder if r == role.Raw else r for r in roles])

    libcamera.Camera.generate_configuration = generate_configuration


class _Pace:
    """When the next request may go to a pipeline that would complete it at once."""

    def __init__(self) -> None:
        self._period_us = US // DEFAULT_FPS
        self._due = 0.0

    def asked(self, name: str, value: Any) -> None:
        """Somebody set a control."""
        if name == "FrameDurationLimits":
            self._period_us = max(min(value), SHORTEST_US)

    def wait(self) -> None:
        """Sleep until the next picture's time."""
        now = time.monotonic()
        time.sleep(max(0.0, self._due - now))
        self._due = max(self._due, now - ARREARS_S) + self._period_us / US


def _keep_the_pace() -> None:
    """Requests complete as soon as they are queued: queue them as fast as a sensor would."""
    pace = _Pace()
    start = libcamera.Camera.start
    queue = libcamera.Camera.queue_request
    set_control = libcamera.Request.set_control

    def camera_start(camera: Any, controls: dict[Any, Any] | None = None) -> Any:
        for control, value in (controls or {}).items():
            pace.asked(control.name, value)
        return start(camera) if controls is None else start(camera, controls)

    def queue_request(camera: Any, request: Any) -> Any:
        pace.wait()
        return queue(camera, request)

    def request_control(request: Any, control: Any, value: Any) -> Any:
        pace.asked(control.name, value)
        return set_control(request, control, value)

    libcamera.Camera.start = camera_start
    libcamera.Camera.queue_request = queue_request
    libcamera.Request.set_control = request_control


class _PlaneFilled:
    def __init__(self, length: int) -> None:
        self.bytes_used = length


class _Metadata:
    """Of a frame that is whole."""

    status = libcamera.FrameMetadata.Status.Success
    sequence = timestamp = 0

    def __init__(self, buffer: Any) -> None:
        self.planes = [_PlaneFilled(plane.length) for plane in buffer.planes]


def _tell_that_frames_are_whole() -> None:
    """What the pipeline says of a frame is memory that nobody has written."""
    libcamera.FrameBuffer.metadata = property(_Metadata)


class _TwoPlanes:
    """libcamera, as the allocator sees it: NV12's brightness and colour are planes of their own."""

    def __getattr__(self, name: str) -> Any:
        return getattr(libcamera, name)

    class FrameBuffer:
        """Makes buffers; has the name under which the allocator looks for them."""

        Plane = libcamera.FrameBuffer.Plane

        def __new__(cls, planes: list[Any]) -> Any:
            (whole,) = planes
            if whole.length % 3:
                return libcamera.FrameBuffer(planes)
            colour = cls.Plane()
            colour.fd, colour.length = whole.fd, whole.length // 3
            whole.length -= colour.length
            colour.offset = whole.length
            return libcamera.FrameBuffer([whole, colour])


def _split_planes() -> None:
    """picamera2 hands over one plane; this pipeline maps two."""
    allocator.libcamera = _TwoPlanes()


class _OrdinaryMemory:
    """In place of the kernel's heap for pictures."""

    isValid = True

    def alloc(self, name: str, size: int) -> Any:
        file = os.memfd_create(name)
        os.ftruncate(file, -(-size // PAGE) * PAGE)
        return dma_heap.UniqueFD(file)

    def close(self) -> None:
        """Nothing is held."""


class _NoSync:
    """Ordinary memory needs no flushing of caches, and knows no call for it."""

    @staticmethod
    def ioctl(*_: object) -> int:
        return 0


def _use_ordinary_memory() -> None:
    allocator.DmaHeap = _OrdinaryMemory
    allocator.fcntl = _NoSync
