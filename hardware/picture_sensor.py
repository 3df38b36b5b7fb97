"""Motion in the camera's picture as a sensor of the board."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Protocol, Self

from hardware.bridge import Bridge, now_us
from hardware.errors import ClosedError
from hardware.options import PictureMotion
from hardware.picture_motion import MotionDetector
from hardware.planes import Plane
from hardware.ports import Edge

# A walking person moves by a tenth of a metre meanwhile; looking more often only costs time. A
# little less than three pictures at 30 a second.
LOOK_EVERY_US = 95_000
# Who stands still for a moment is still there; a PIR holds its output as long.
HOLD_US = 4_000_000


class Eye(Protocol):
    """What a camera shows its pictures to, on its own thread."""

    def due(self, at_us: int) -> bool: ...
    def see(self, luma: Plane, at_us: int) -> None: ...
    def blind(self) -> None: ...


class PictureSensor:
    """A motion sensor that the camera's thread shows its pictures: `due`, `see` and `blind`.

    It looks only while somebody has entered it.
    """

    def __init__(self, wanted: PictureMotion) -> None:
        self._wanted = wanted
        self._changing = threading.Lock()
        self._detector: MotionDetector | None = None
        self._edges: Bridge[Edge] | None = None
        self._active = False
        self._looked_us = self._moved_us = 0

    async def __aenter__(self) -> Self:
        with self._changing:
            self._detector = MotionDetector(self._wanted)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        with self._changing:
            self._detector, self._active = None, False
        if self._edges:
            self._edges.close()

    @property
    def active(self) -> bool:
        self._check_open()
        return self._active

    def edges(self) -> AsyncIterator[Edge]:
        """Every edge from this call on; a second taker ends the first."""
        self._check_open()
        if self._edges:
            self._edges.close()
        self._edges = Bridge[Edge](limit=None)
        return self._edges

    # The camera's thread calls what follows.

    def due(self, at_us: int) -> bool:
        """Whether a picture of this time is worth showing."""
        return self._detector is not None and at_us - self._looked_us >= LOOK_EVERY_US

    def see(self, luma: Plane, at_us: int) -> None:
        """Look at one picture, which may change afterwards."""
        with self._changing:
            if self._detector is None:
                return
            self._looked_us = at_us
            if self._detector.see(luma, at_us):
                self._moved_us = at_us
                self._turn(True)
            elif at_us - self._moved_us >= HOLD_US:
                self._turn(False)

    def blind(self) -> None:
        """There are no pictures any more; what comes later is another picture of the door."""
        with self._changing:
            if self._detector is not None:
                self._detector = MotionDetector(self._wanted)
                self._turn(False)

    def _turn(self, active: bool) -> None:
        if active is self._active:
            return
        self._active = active
        if edges := self._edges:
            edges.put(Edge(active, now_us()))

    def _check_open(self) -> None:
        if self._detector is None:
            raise ClosedError("The motion sensor is closed.")
