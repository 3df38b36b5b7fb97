"""Outputs that are away or failed: looked for, asked again without harm, and told of once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn, Protocol

from device.core.states import Part
from hardware.board import Board
from hardware.errors import HardwareError
from hardware.patient import present, renewed

log = logging.getLogger(__name__)

# A part that failed is asked again this often; a loose wire may touch again.
MEND_EVERY_S = 30.0


class Faults(Protocol):
    """The doorbell, as far as its faults go."""

    def known_fault(self, part: Part) -> str | None: ...
    def fault(self, part: Part, detail: str | None) -> None: ...


class Mending:
    """Keeps a doorbell's list of faults true; `light_on()` is what the light should be."""

    def __init__(self, board: Board, faults: Faults, light_on: Callable[[], bool]) -> None:
        self._board, self._faults, self._light_on = board, faults, light_on

    async def run(self) -> NoReturn:
        """Look for what is away, now and then, until cancelled."""
        board = self._board
        while True:
            await self._mend("lock", board.lock, board.lock.secure)
            await self._mend("light", board.light, lambda: board.light.switch(self._light_on()))
            await self._mend("chime", board.chime)
            await self._mend("indicator", board.indicator)
            await self.pause()

    async def pause(self) -> None:
        """Until a part is worth another try."""
        await asyncio.sleep(MEND_EVERY_S)

    def failed(self, part: Part, detail: str) -> None:
        """A part does not work; the journal hears of it once."""
        if self._faults.known_fault(part) != detail:
            log.warning("the %s does not work: %s", part, detail)
            self._faults.fault(part, detail)

    def works(self, part: Part) -> None:
        """A part has proved to work."""
        if self._faults.known_fault(part) is not None:
            log.info("the %s works again", part)
            self._faults.fault(part, None)

    async def _mend(
        self, part: Part, port: object, harmless: Callable[[], None] | None = None
    ) -> None:
        try:
            arrived = await present(port)
            if self._faults.known_fault(part) is None:
                return
            if harmless is None:
                # Nothing but its coming can prove that it works without being noticed.
                if arrived:
                    self.works(part)
                return
            if not arrived:
                await renewed(port)
            harmless()
            self.works(part)
        except HardwareError as error:
            self.failed(part, str(error))
