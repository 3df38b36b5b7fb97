"""Pictures of the door: one hub for each of the camera's encodings."""

from __future__ import annotations

from collections.abc import Callable

from hardware.board import Board
from hardware.errors import StalledError
from media.hub import FrameHub


class DoorPicture:
    """Owns the hubs. `high` is always filled: recordings and pre-roll take from it."""

    def __init__(self, board: Board, pre_roll_s: float) -> None:
        self._camera = board.camera
        self.high = FrameHub(pre_roll_s, board.camera.request_keyframe)
        self.bitrate_bps = board.camera.format.bitrate_bps

    async def film(self, works: Callable[[], None]) -> None:
        """Fill `high` until the camera fails; HardwareError. `works()` is called at each frame."""
        async for frame in self._camera.frames():
            self.high.publish(frame)
            works()
        raise StalledError("The camera stopped sending pictures. Check its cable.")

    def close(self) -> None:
        """End every subscription. May be called twice."""
        self.high.close()
