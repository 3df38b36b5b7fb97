"""Pictures and sound of the door: the hubs that everyone takes from, and the way to the speaker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeAlias

from device.services.retry import Backoff
from hardware.board import Board
from hardware.errors import HardwareError, StalledError
from media.frames import SOUND_FRAME_MS
from media.hub import PRE_ROLL_S, FrameHub, monotonic_us
from media.mixer import Mixer
from media.opus import OpusEncoder
from protocol.door import Part

log = logging.getLogger(__name__)

# A camera that stalled often comes back at once; an unplugged one is asked twice a minute.
RETRY_FIRST_S = 0.5
RETRY_LIMIT_S = 30.0
# The pictures' pre-roll begins at a keyframe and so is longer than asked; sound must reach as far.
LONGEST_GROUP_S = 5.0
TICK_S = SOUND_FRAME_MS / 1000
# After a pause of the whole process the speaker goes on from now instead of catching up.
LATE_LIMIT_S = 0.2

# What a fault's sentence may have on the wire.
SENTENCE_LIMIT = 300

OnFault: TypeAlias = Callable[[Part, str | None], None]
# Moves frames until a part fails; calls its argument whenever the part proves to work.
Work: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]


def ignore_fault(part: Part, detail: str | None) -> None:
    """For those who do not want to know."""


class DoorMedia:
    """Owns `video`, `sound` and `mixer` of one board, whose parts must be open.

    `on_fault(part, sentence)` says that a part does not work, `on_fault(part, None)` that it does
    again. No fault of a part ends `run()`.
    """

    def __init__(
        self, board: Board, on_fault: OnFault = ignore_fault, pre_roll_s: float = PRE_ROLL_S
    ) -> None:
        self._board = board
        self._on_fault = on_fault
        self.video = FrameHub(pre_roll_s, board.camera.request_keyframe)
        self.sound = FrameHub(pre_roll_s + LONGEST_GROUP_S)
        self.mixer = Mixer()
        self.bitrate_bps = board.camera.format.bitrate_bps

    async def run(self) -> None:
        """Move pictures and sound until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep("camera", self._film))
                group.create_task(self._keep("microphone", self._listen))
                group.create_task(self._keep("speaker", self._speak))
        finally:
            self.video.close()
            self.sound.close()

    async def _keep(self, part: Part, work: Work) -> NoReturn:
        backoff = Backoff(RETRY_FIRST_S, RETRY_LIMIT_S)
        faulty = False

        def works() -> None:
            nonlocal faulty
            if faulty:
                log.info("the %s works again", part)
                self._on_fault(part, None)
            faulty = False
            backoff.reset()

        while True:
            try:
                await work(works)
            except HardwareError as error:
                if not faulty:
                    log.warning("the %s does not work: %s", part, error)
                    self._on_fault(part, str(error)[:SENTENCE_LIMIT])
                faulty = True
            await asyncio.sleep(backoff.next_s())

    async def _film(self, works: Callable[[], None]) -> None:
        async for frame in self._board.camera.frames():
            self.video.publish(frame)
            works()
        raise StalledError("The camera stopped sending pictures. Check its cable.")

    async def _listen(self, works: Callable[[], None]) -> None:
        encoder = OpusEncoder()
        async for frame in self._board.microphone.frames():
            self.sound.publish(encoder.encode(frame))
            works()
        raise StalledError("The microphone stopped sending sound. Check its cable.")

    async def _speak(self, works: Callable[[], None]) -> None:
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
