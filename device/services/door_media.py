"""Pictures and sound of the door: what everyone takes from, kept going whatever a part does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn, TypeAlias

from device.services.bitrate_wishes import BitrateWishes
from device.services.door_picture import NO_FLOORS, DoorPicture
from device.services.door_sound import DoorSound
from device.services.retry import Backoff
from hardware.board import Board
from hardware.errors import HardwareError
from media.hub import PRE_ROLL_S
from protocol.door import Layer, Part

log = logging.getLogger(__name__)

# A camera that stalled often comes back at once; an unplugged one is asked twice a minute.
RETRY_FIRST_S = 0.5
RETRY_LIMIT_S = 30.0
# Somebody may be talking: a sound card that is plugged in again is heard at once.
SOUND_RETRY_LIMIT_S = 2.0
# The pictures' pre-roll begins at a keyframe and so is longer than asked; sound must reach as far.
LONGEST_GROUP_S = 5.0

# What a fault's sentence may have on the wire.
SENTENCE_LIMIT = 300

OnFault: TypeAlias = Callable[[Part, str | None], None]
# Moves frames until a part fails; calls its argument whenever the part proves to work.
Work: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]


def ignore_fault(part: Part, detail: str | None) -> None:
    """For those who do not want to know."""


class DoorMedia:
    """Owns `picture` and `voice` of one board, whose parts must be open.

    `video`, `sound` and `mixer` are what most takers need of them. `on_fault(part, sentence)` says
    that a part does not work, `on_fault(part, None)` that it does again; none ends `run()`.
    """

    def __init__(
        self,
        board: Board,
        on_fault: OnFault = ignore_fault,
        pre_roll_s: float = PRE_ROLL_S,
        floors: Mapping[Layer, int] = NO_FLOORS,
    ) -> None:
        self._on_fault = on_fault
        self.picture = DoorPicture(board, pre_roll_s, floors)
        self.voice = DoorSound(board, pre_roll_s + LONGEST_GROUP_S)
        self.video = self.picture.high
        self.sound = self.voice.hub
        self.mixer = self.voice.mixer
        self.bitrate_bps = self.picture.bitrate_bps
        self.wishes = BitrateWishes(self.picture.plan_bitrate)

    async def run(self) -> None:
        """Move pictures and sound until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep("camera", self.picture.film))
                group.create_task(self.picture.film_small())
                group.create_task(self._keep("microphone", self.voice.listen, SOUND_RETRY_LIMIT_S))
                group.create_task(self._keep("speaker", self.voice.speak, SOUND_RETRY_LIMIT_S))
        finally:
            self.picture.close()
            self.sound.close()

    async def _keep(self, part: Part, work: Work, limit_s: float = RETRY_LIMIT_S) -> NoReturn:
        backoff = Backoff(RETRY_FIRST_S, limit_s)
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
