"""picamera2 as the camera uses it: opened and shut with bounded waits, its errors translated."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from typing import Any, Protocol

from hardware.errors import BusyError, HardwareError, MissingError, StalledError

# A sensor with a loose cable lets picamera2 wait for its next picture, which never comes.
SHUT_TIMEOUT_S = 3.0
# After picamera2 was told to give its waiting up.
FLUSH_TIMEOUT_S = 1.0

_log = logging.getLogger(__name__)
# Cameras that this process holds and cannot let go of, for an honest word when it tries again.
_left_behind: list[Picamera2] = []


class Picamera2(Protocol):
    """The part of picamera2's class that the camera needs."""

    pre_callback: Callable[[Any], None] | None

    @property
    def camera_controls(self) -> Mapping[str, Any]: ...
    @property
    def sensor_resolution(self) -> tuple[int, int]: ...
    def create_video_configuration(self, **how: Any) -> dict[str, Any]: ...
    def configure(self, camera_config: dict[str, Any]) -> None: ...
    def camera_configuration(self) -> dict[str, Any]: ...
    def set_controls(self, controls: dict[str, Any]) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def start_encoder(self, encoder: Any, output: Any, *, name: str) -> None: ...
    def stop_encoder(self, encoders: Any = None) -> None: ...
    def close(self) -> None: ...


class Opening:
    """A camera on its way from the thread that starts it to somebody who may have left."""

    def __init__(self) -> None:
        self._meeting = threading.Lock()
        self._camera: Picamera2 | None = None
        self._left = False

    def arrive(self, camera: Picamera2) -> bool:
        """Whether somebody still waits for it."""
        with self._meeting:
            self._camera = camera
            return not self._left

    def leave(self) -> Picamera2 | None:
        """Do not wait any more; the camera, if it has arrived already."""
        with self._meeting:
            self._left = True
            return self._camera


def open_camera(number: int) -> Picamera2:
    """The sensor with this number, acquired but not configured. MissingError, BusyError."""
    _quiet()
    try:
        from picamera2 import Picamera2 as Driver
    except ImportError as error:
        raise MissingError(
            "The camera driver is not installed. Install it with:"
            " sudo apt install --no-install-recommends python3-picamera2"
        ) from error
    _check_there(len(Driver.global_camera_info()), number)
    camera = Driver.__new__(Driver)
    try:
        camera.__init__(number)
    except (RuntimeError, OSError, LookupError, AttributeError) as error:
        _close_pipe(camera)
        raise _translated(error) from error
    opened: Picamera2 = camera
    return opened


def shut(camera: Picamera2) -> None:
    """Stop and release the sensor; waits a few seconds at most, and leaves behind what hangs."""
    closing = threading.Thread(target=_shut, args=(camera,), name="camera-shut", daemon=True)
    closing.start()
    closing.join(SHUT_TIMEOUT_S)
    if not closing.is_alive():
        return
    # It waits for its event loop to do a job; that loop waits for a picture, or is dead.
    if flush := getattr(camera, "cancel_all_and_flush", None):
        threading.Thread(target=flush, name="camera-flush", daemon=True).start()
        closing.join(FLUSH_TIMEOUT_S)
    if closing.is_alive():
        _log.warning("the camera does not stop; it is left behind")
        _left_behind.append(camera)


def _shut(camera: Picamera2) -> None:
    for step in (camera.stop, camera.stop_encoder, camera.close):
        try:
            step()
        except (RuntimeError, OSError, LookupError, CancelledError) as error:
            _log.warning("the camera did not stop cleanly: %s", error)


def _quiet() -> None:
    """Leave the journal to our own sentences: one for each change, not a dozen for each try."""
    # libcamera reads it when it is loaded, and writes past Python's logging.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.WARNING)
    logging.getLogger("picamera2.picamera2").setLevel(logging.CRITICAL)


def _check_there(count: int, number: int) -> None:
    if count == 0:
        raise MissingError(
            "No camera is connected. Switch the Pi off, push the cable home at both ends,"
            " and switch it on again."
        )
    if number >= count:
        numbers = "number 0" if count == 1 else f"numbers 0 to {count - 1}"
        raise MissingError(
            f"There is no camera number {number}, only {numbers}. Set camera.number to one of them."
        )


def _translated(error: Exception) -> HardwareError:
    told: BaseException = error
    while told.__cause__ is not None:
        told = told.__cause__
    # libcamera's errors arrive as texts of the system's.
    if getattr(told, "errno", None) == errno.EBUSY or "busy" in str(told).lower():
        if _left_behind:
            return StalledError(
                "The camera hangs and cannot be let go of."
                " Restart the doorbell: sudo systemctl restart doorstep-device"
            )
        return BusyError(
            "Another program uses the camera. Close it, rpicam-vid or motion for example;"
            " the doorbell then goes on."
        )
    return HardwareError(f"The camera cannot be opened: {told}. Check its cable, then restart.")


def _close_pipe(camera: Any) -> None:
    """A constructor that fails leaves its pipe open; tries that go on for days would add up."""
    camera.notifymeread.close()
    os.close(camera.notifyme_w)
