"""A weak power supply, in virtual time."""

from __future__ import annotations

import asyncio

from device.services.power import CALM_S, LOOK_EVERY_S, Power
from hardware.pi.power import Throttling
from tests.support.virtual_time import run_virtual

WEAK, WELL = Throttling(True, True), Throttling(False, True)


def test_undervoltage_is_told_once_and_stays_for_a_while() -> None:
    async def main() -> None:
        now, said = [WELL], list[str | None]()
        async with asyncio.TaskGroup() as group:
            life = group.create_task(Power(said.append, lambda: now[0]).run())
            await asyncio.sleep(60)
            assert said == []
            for state in (WEAK, WELL, WEAK, WELL):
                now[0] = state
                await asyncio.sleep(2 * LOOK_EVERY_S)
            assert len(said) == 1
            assert "power supply is too weak. Use the power supply made for" in str(said[0])
            await asyncio.sleep(CALM_S - 4 * LOOK_EVERY_S)
            assert len(said) == 1
            await asyncio.sleep(6 * LOOK_EVERY_S)
            assert said[1:] == [None]
            life.cancel()

    run_virtual(main)


def test_other_machines_are_not_watched() -> None:
    async def main() -> list[str | None]:
        said = list[str | None]()
        await Power(said.append, lambda: None).run()
        return said

    assert run_virtual(main) == []
