"""From an encoder's thread to the camera's one taker: whole groups of pictures, or an error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable

from hardware.bridge import Bridge
from hardware.errors import HardwareError, StalledError
from media.frames import EncodedFrame

# The longest silence that is not a fault: one whole group of pictures at the slowest setting.
STALL_TIMEOUT_S = 2.0
# Two seconds at 30 pictures per second: more waiting than that would only be shown late.
WAITING_LIMIT_FRAMES = 60

_log = logging.getLogger(__name__)


class CameraFeed:
    """Every camera's `frames()`; the encoder's thread calls `put`, `fail` and `finish`."""

    def __init__(
        self, request_keyframe: Callable[[], None], stall_timeout_s: float = STALL_TIMEOUT_S
    ) -> None:
        self._request_keyframe = request_keyframe
        self._stall_timeout_s = stall_timeout_s
        self._bridge: Bridge[EncodedFrame] | None = None
        self._error: HardwareError | None = None

    @property
    def taken(self) -> bool:
        """Whether somebody takes the frames; from any thread."""
        return self._bridge is not None

    def put(self, frame: EncodedFrame) -> None:
        """One access unit from the encoder; discarded while nobody takes."""
        if bridge := self._bridge:
            bridge.put(frame)

    def fail(self, error: HardwareError) -> None:
        """The encoder has ended; the taker, and every later one, is told."""
        self._error = error
        if bridge := self._bridge:
            bridge.fail(error)

    def mend(self) -> None:
        """A new encoder has taken the place of the one that ended."""
        self._error = None

    def finish(self) -> None:
        """The camera's life is over."""
        if bridge := self._bridge:
            bridge.close()

    def frames(self) -> AsyncGenerator[EncodedFrame, None]:
        """From the next keyframe on; a second taker ends the first."""
        if self._bridge:
            self._bridge.close()
        bridge = self._bridge = Bridge[EncodedFrame](WAITING_LIMIT_FRAMES)
        if self._error:
            bridge.fail(self._error)
        self._request_keyframe()
        return self._whole_groups(bridge)

    async def _whole_groups(
        self, bridge: Bridge[EncodedFrame]
    ) -> AsyncGenerator[EncodedFrame, None]:
        waiting_for_keyframe, dropped = True, 0
        try:
            while True:
                frame = await self._next(bridge)
                if frame is None:
                    return
                if bridge.dropped != dropped:
                    _log.warning("camera: %d pictures came too late", bridge.dropped - dropped)
                    waiting_for_keyframe, dropped = True, bridge.dropped
                    self._request_keyframe()
                waiting_for_keyframe = waiting_for_keyframe and not frame.keyframe
                if not waiting_for_keyframe:
                    yield frame
        finally:
            bridge.close()
            if self._bridge is bridge:
                self._bridge = None

    async def _next(self, bridge: Bridge[EncodedFrame]) -> EncodedFrame | None:
        try:
            async with asyncio.timeout(self._stall_timeout_s):
                return await anext(bridge, None)
        except TimeoutError as error:
            raise StalledError(
                f"The camera has shown nothing for {self._stall_timeout_s:g} s."
                " Check its cable, then restart the doorbell."
            ) from error
