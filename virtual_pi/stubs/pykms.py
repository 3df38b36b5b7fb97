"""In place of kms++: picamera2 names it for a preview window that nobody opens."""

from __future__ import annotations


class PixelFormat:
    """The names that picamera2 takes from it while it is imported."""

    RGB888 = XRGB8888 = BGR888 = XBGR8888 = YUV420 = YVU420 = NV12 = YUYV = None


class Card:
    """A display, of which there is none."""

    def __init__(self, *_: object) -> None:
        raise RuntimeError("The virtual Pi has no display.")
