"""A board: the parts of one doorbell, opened together and closed in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Self

from hardware.echo.null import NullCanceller
from hardware.errors import HardwareError
from hardware.patient import absence
from hardware.ports import (
    Camera,
    Chime,
    EchoCanceller,
    Indicator,
    Light,
    Lock,
    Microphone,
    Part,
    Sensor,
    Speaker,
)


@dataclass(slots=True)
class Board:
    """The bundle of ports that the doorbell runs on."""

    camera: Camera
    microphone: Microphone
    speaker: Speaker
    motion: Sensor
    button: Sensor
    lock: Lock
    light: Light
    chime: Chime
    indicator: Indicator
    canceller: EchoCanceller = field(default_factory=NullCanceller)
    _life: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            for part in (self.lock, *chain(*self._together)):
                opening.push_async_callback(part.close)
            # The lock first, alone: it is locked before anything else happens.
            await self.lock.__aenter__()
            await _open_together(self._together)
            self._life = opening.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every part, the lock last; may be called twice."""
        await self._life.aclose()

    def absent(self) -> dict[str, HardwareError]:
        """The parts that are not there now, and why."""
        why = {part.name: absence(getattr(self, part.name)) for part in fields(Board)}
        return {name: error for name, error in why.items() if error is not None}

    @property
    def _together(self) -> tuple[tuple[Part, ...], ...]:
        """Rows that are opened side by side: a slow camera keeps no button waiting.

        Within a row one waits for another: sound libraries are not made to start twice at once.
        """
        return (
            (self.light, self.chime, self.indicator, self.button, self.motion),
            (self.canceller, self.speaker, self.microphone),
            (self.camera,),
        )


async def _open_together(rows: Iterable[Iterable[Part]]) -> None:
    """Open all rows; the first that fails ends the others. Raises its HardwareError alone."""
    try:
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(_open_row(row))
    except* HardwareError as errors:
        failed = errors
    else:
        return
    raise _first(failed)


async def _open_row(row: Iterable[Part]) -> None:
    for part in row:
        await part.__aenter__()


def _first(errors: BaseExceptionGroup[HardwareError]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
