"""The one thing that picamera2 cannot tell a running V4L2 encoder: a new rate."""

from __future__ import annotations

import fcntl
import logging
import struct
from typing import Protocol

# linux/v4l2-controls.h: V4L2_CID_CODEC_BASE + 207.
V4L2_CID_MPEG_VIDEO_BITRATE = 0x00990900 + 207
# linux/videodev2.h: _IOWR('V', 28, struct v4l2_control), which holds a u32 and an s32.
VIDIOC_S_CTRL = 0xC008561C

_log = logging.getLogger(__name__)


class Device(Protocol):
    """The open file of an encoder."""

    @property
    def closed(self) -> bool: ...
    def fileno(self) -> int: ...


def set_bitrate(device: Device | None, bps: int) -> bool:
    """Have a running encoder aim at this rate; whether it took it. Never raises."""
    if device is None or device.closed:
        return False
    try:
        fcntl.ioctl(device.fileno(), VIDIOC_S_CTRL, control(V4L2_CID_MPEG_VIDEO_BITRATE, bps))
    except (OSError, ValueError) as error:
        # It may have been closed meanwhile, on another thread.
        _log.warning("the encoder keeps its rate: %s", error)
        return False
    return True


def control(number: int, value: int) -> bytes:
    """struct v4l2_control."""
    return struct.pack("=Ii", number, value)
