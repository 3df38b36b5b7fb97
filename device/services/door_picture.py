"""Pictures of the door: one hub for each of the camera's encodings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from device.services.door_layer import DoorLayer
from hardware.board import Board
from hardware.errors import HardwareError, StalledError
from hardware.patient import present
from hardware.ports import Window
from media.frames import VideoFormat
from media.hub import FrameHub
from protocol.door import Layer

# Below this 360p is mud.
SMALL_FLOOR_BPS = 150_000
NO_FLOORS: Mapping[Layer, int] = {}


class DoorPicture:
    """Owns the hubs. `high` is always filled: recordings and pre-roll take from it.

    `low` and `close` are filled while somebody uses them. `floors` says how far each encoder's
    rate may be lowered; `high` keeps its own unless told otherwise, for the recording's sake.
    """

    def __init__(
        self, board: Board, pre_roll_s: float, floors: Mapping[Layer, int] = NO_FLOORS
    ) -> None:
        camera = board.camera
        self._camera, self._close_up = camera, camera.close_up
        self.bitrate_bps = camera.format.bitrate_bps
        self._layers: dict[Layer, DoorLayer] = {
            "high": DoorLayer("high", camera, floors.get("high", self.bitrate_bps), pre_roll_s),
            "low": DoorLayer("low", camera.low, floors.get("low", SMALL_FLOOR_BPS)),
            "close": DoorLayer("close", camera.close_up, floors.get("close", SMALL_FLOOR_BPS)),
        }
        self.hubs: Mapping[Layer, FrameHub] = {
            name: layer.hub for name, layer in self._layers.items()
        }
        self.formats: Mapping[Layer, VideoFormat] = {
            name: layer.format for name, layer in self._layers.items()
        }
        self.high = self.hubs["high"]
        self.aimed = Window()
        self._aimed_by: str | None = None

    async def film(self, works: Callable[[], None]) -> None:
        """Fill `high` until the camera fails; HardwareError. `works()` is called at each frame."""
        await present(self._camera)
        async for frame in self._camera.frames():
            self.high.publish(frame)
            works()
        raise StalledError("The camera stopped sending pictures. Check its cable.")

    async def film_small(self) -> None:
        """Fill `low` and `close` while they are used, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._layers["low"].run())
            group.create_task(self._layers["close"].run())

    @contextmanager
    def using(self, layer: Layer) -> Iterator[None]:
        """Have this layer's hub filled for the length of a block."""
        with self._layers[layer].using():
            yield

    def aim(self, call: str, window: Window) -> bool:
        """Point the close-up; the newest gesture wins. False when the camera has none."""
        try:
            self._close_up.aim(window)
        except HardwareError:
            return False
        self.aimed, self._aimed_by = window, call
        return True

    def aimed_by(self, call: str) -> bool:
        """Whether the close-up shows what this call wanted last."""
        return self._aimed_by == call

    def release(self, call: str) -> None:
        """The call looks at the whole picture again, or is over. May be called twice."""
        if self._aimed_by == call:
            self._aimed_by = None

    def floor_bps(self, layer: Layer) -> int:
        """How far the layer's rate may be lowered."""
        return self._layers[layer].floor_bps

    def plan_bitrate(self, layer: Layer, bps_wanted_by: Mapping[str, int]) -> None:
        """Encode at the highest of the viewers' wishes, within bounds; at the most without any."""
        self._layers[layer].plan_bitrate(bps_wanted_by)

    def close(self) -> None:
        """End every subscription. May be called twice."""
        for hub in self.hubs.values():
            hub.close()
