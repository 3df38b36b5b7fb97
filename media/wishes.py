"""Keyframes that viewers wish for, as few questions to the camera as will do."""

from __future__ import annotations

# A keyframe costs the bits of ten pictures: at most two a second for all viewers together.
WISH_INTERVAL_US = 500_000


class KeyframeWishes:
    """Coalesces wishes. Pure: time is passed in, in microseconds of one monotonic clock."""

    def __init__(self, interval_us: int = WISH_INTERVAL_US) -> None:
        self._interval_us = interval_us
        self._asked_us: int | None = None
        self._open = False

    @property
    def open(self) -> bool:
        """Whether somebody waits for a keyframe that has not come."""
        return self._open

    def asked_within(self, now_us: int) -> bool:
        """Whether the camera was asked so short a time ago that it may not be asked again."""
        return self._asked_us is not None and now_us - self._asked_us < self._interval_us

    def wish(self, now_us: int) -> bool:
        """Somebody wants a keyframe; True when the camera is to be asked now."""
        self._open = True
        return self.due(now_us)

    def due(self, now_us: int) -> bool:
        """Whether a wish that had to wait, or that the camera overheard, is to be asked now."""
        if not self._open or self.asked_within(now_us):
            return False
        self._asked_us = now_us
        return True

    def met(self) -> None:
        """A keyframe has come; it serves everyone."""
        self._open = False
