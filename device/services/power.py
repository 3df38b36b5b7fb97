"""Whether the power supply is strong enough: one that is not makes everything else fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hardware.pi.power import Throttling, throttling

log = logging.getLogger(__name__)

# Undervoltage lasts for as long as the load: a call, or the lock's coil.
LOOK_EVERY_S = 10.0
# It comes back with the next load; in between the household should still read of it.
CALM_S = 600.0


class Power:
    """Tells `on_fault` of undervoltage, and None when there was none for CALM_S."""

    def __init__(
        self,
        on_fault: Callable[[str | None], None],
        read: Callable[[], Throttling | None] = throttling,
    ) -> None:
        self._on_fault, self._read = on_fault, read

    async def run(self) -> None:
        """Look now and then, until cancelled; ends at once where nobody knows."""
        loop = asyncio.get_running_loop()
        told, weak_at_s = False, 0.0
        while (state := self._read()) is not None:
            if state.undervoltage:
                weak_at_s = loop.time()
            if state.undervoltage and not told:
                told = True
                sentence = f"The power supply is too weak. {state.remedy}"
                log.warning("%s", sentence)
                self._on_fault(sentence)
            elif told and loop.time() - weak_at_s > CALM_S:
                told = False
                log.info("the power supply was strong enough for %.0f s", CALM_S)
                self._on_fault(None)
            await asyncio.sleep(LOOK_EVERY_S)
