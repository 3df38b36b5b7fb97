"""What one phone looks at closer, and what it is told about the pictures that show it.

The small picture and the close-up have the same size, so pictures do not say which of the two they
are. The page is told on `latest` by `shown`: the part of the whole, and the RTP time stamp of the
first picture that shows it. It is said when the first picture of another layer is handed over, and
when the close-up has moved, each three times, because `latest` may lose it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from device.services.door_picture import DoorPicture
from hardware.ports import Window
from protocol.door import Layer
from protocol.latest import View

# Nearer than this a close-up shows more than a small picture does.
LEAST_ZOOM = 1.5
# A little more than what is looked at, so that a moving finger does not meet an edge at once.
MARGIN = 1.2
# A change of layer costs a keyframe: it must show visibly more.
GAIN = 1.1
TELL_TIMES = 3
WHOLE = Window()

# What is to be told: the window, and the capture time of the first picture that shows it.
Tell: TypeAlias = Callable[[Window, int], None]


class CallCloseUp:
    """One call's gestures. `tell(window, at_us)` is told to the phone."""

    def __init__(self, call: str, picture: DoorPicture, tell: Tell) -> None:
        self._call = call
        self._picture = picture
        self._tell = tell
        self._view: View | None = None
        self._tried = False
        self._aimed_us = 0
        self._shown = WHOLE
        self._shown_us = 0
        self._left = 0

    def look(self, view: View) -> None:
        """The newest gesture; one that is said again is none."""
        before, self._view = self._view, view
        if before is None or _place(before) != _place(view):
            self._tried = False
        if view.zoom < LEAST_ZOOM:
            self.release()

    def wanted(self, instead_of: Layer, now_us: int) -> bool:
        """Whether the close-up is this call's and shows more of what it looks at."""
        view = self._view
        if view is None or not self._shows_more(view, instead_of):
            self.release()
            return False
        if not self._tried:
            self._tried = True
            zoom = max(1.0, view.zoom / MARGIN)
            if self._picture.aim(self._call, Window(zoom, view.x, view.y)):
                self._aimed_us = now_us
        return self._picture.aimed_by(self._call)

    def switched(self, layer: Layer, at_us: int) -> None:
        """The first picture of another layer is handed over."""
        window = self._picture.aimed if layer == "close" else WHOLE
        if window != self._shown:
            self._say(window, at_us)

    def tick(self, layer: Layer, now_us: int) -> None:
        """Several times a second: say what has changed, and say it again."""
        if layer == "close" and self._picture.aimed != self._shown:
            mine = self._picture.aimed_by(self._call)
            self._say(self._picture.aimed, self._aimed_us if mine else now_us)
        elif self._left:
            self._left -= 1
            self._tell(self._shown, self._shown_us)

    def release(self) -> None:
        """Nothing is looked at closer any more. May be called twice."""
        self._picture.release(self._call)

    def _shows_more(self, view: View, base: Layer) -> bool:
        if view.zoom < LEAST_ZOOM:
            return False
        formats = self._picture.formats
        return formats["close"].width / MARGIN > GAIN * formats[base].width / view.zoom

    def _say(self, window: Window, at_us: int) -> None:
        self._shown, self._shown_us, self._left = window, at_us, TELL_TIMES - 1
        self._tell(window, at_us)


def _place(view: View) -> tuple[float, float, float]:
    return view.zoom, view.x, view.y
