"""Sound of the door: from the microphone to everyone, and from the phones to the speaker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hardware.board import Board
from hardware.errors import StalledError
from media.frames import SOUND_FRAME_MS
from media.hub import FrameHub, monotonic_us
from media.mixer import Mixer
from media.opus import OpusEncoder

TICK_S = SOUND_FRAME_MS / 1000
# After a pause of the whole process the speaker goes on from now instead of catching up.
LATE_LIMIT_S = 0.2


class DoorSound:
    """Owns the sound's hub and the mixer of the phones' voices. `works()` is called at each frame.

    `listen` and `speak` run until their part fails; they raise HardwareError.
    """

    def __init__(self, board: Board, pre_roll_s: float) -> None:
        self._board = board
        self.hub = FrameHub(pre_roll_s)
        self.mixer = Mixer()

    async def listen(self, works: Callable[[], None]) -> None:
        """Microphone to Opus, once for everyone."""
        encoder = OpusEncoder()
        async for frame in self._board.microphone.frames():
            self.hub.publish(encoder.encode(frame))
            works()
        raise StalledError("The microphone stopped sending sound. Check its cable.")

    async def speak(self, works: Callable[[], None]) -> None:
        """What phones say, mixed, to the speaker."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            frame = self.mixer.mix(monotonic_us())
            if frame is None:
                await self.mixer.sound_waits()
                due = loop.time()
                continue
            await self._board.speaker.play(frame)
            works()
            due = max(due + TICK_S, loop.time() - LATE_LIMIT_S)
            await asyncio.sleep(due - loop.time())
