"""The porch at dusk, alive: backdrop, lamp, visitor, clock."""

from __future__ import annotations

from hardware.twin.pictures import Picture
from hardware.twin.world import World
from media.frames import VideoFormat


class Porch:
    """A scene drawn from the state of the world."""

    def __init__(self, world: World, video: VideoFormat) -> None:
        self._world = world

    def draw(self, picture: Picture, now_s: float) -> None:
        picture.y[:] = 150 if self._world.active("light") else 60
        picture.u[:] = 120
        picture.v[:] = 140
        if pose := self._world.pose(now_s):
            height, width = picture.y.shape
            x = int(width * (0.2 + 0.5 * pose.near))
            picture.y[height // 3 :, x : x + width // 8] = 200

    def close(self) -> None:
        """Nothing to close."""
