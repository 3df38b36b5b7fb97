"""One of the camera's encodings and its hub, filled while somebody uses it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from device.services.retry import Backoff
from hardware.errors import HardwareError, StalledError
from hardware.ports import Encoding
from media.hub import FrameHub
from protocol.door import Layer

log = logging.getLogger(__name__)

# A camera that stalled often comes back at once. Asking one that is away costs nothing: who takes
# the large picture opens it.
RETRY_FIRST_S = 0.5
RETRY_LIMIT_S = 2.0


class DoorLayer:
    """`run()` fills `hub` for the length of every `using()` block."""

    def __init__(
        self, name: Layer, encoding: Encoding, floor_bps: int, pre_roll_s: float = 0.0
    ) -> None:
        self.hub = FrameHub(pre_roll_s, encoding.request_keyframe)
        self.format = encoding.format
        self._name, self._encoding = name, encoding
        self.floor_bps = min(floor_bps, self.format.bitrate_bps)
        self._planned_bps = self.format.bitrate_bps
        self._users = 0
        self._changed = asyncio.Event()

    async def run(self) -> NoReturn:
        """Encode while the layer is used, until cancelled."""
        while True:
            await self._until(used=True)
            async with asyncio.TaskGroup() as group:
                filming = group.create_task(self._keep_filming())
                await self._until(used=False)
                filming.cancel()
            self.hub.pause()

    @contextmanager
    def using(self) -> Iterator[None]:
        """Have the hub filled for the length of a block; blocks may overlap."""
        self._users += 1
        self._changed.set()
        try:
            yield
        finally:
            self._users -= 1
            self._changed.set()

    def plan_bitrate(self, bps_wanted_by: Mapping[str, int]) -> None:
        """Encode at the highest of the viewers' wishes, within bounds; at the most without any."""
        most = self.format.bitrate_bps
        bps = max(self.floor_bps, min(most, max(bps_wanted_by.values(), default=most)))
        if bps != self._planned_bps:
            log.info("the layer %s is encoded at %d bit/s", self._name, bps)
            self._planned_bps = bps
            self._encoding.set_bitrate(bps)

    async def _until(self, *, used: bool) -> None:
        while (self._users > 0) is not used:
            self._changed.clear()
            await self._changed.wait()

    async def _keep_filming(self) -> NoReturn:
        backoff, faulty = Backoff(RETRY_FIRST_S, RETRY_LIMIT_S), False
        while True:
            try:
                async for frame in self._encoding.frames():
                    self.hub.publish(frame)
                    backoff.reset()
                    faulty = False
                raise StalledError("It stopped sending pictures.")
            except HardwareError as error:
                if not faulty:
                    log.warning("the layer %s does not work: %s", self._name, error)
                faulty = True
            await asyncio.sleep(backoff.next_s())
