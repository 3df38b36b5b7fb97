"""A board: the parts of one doorbell, opened together and closed in reverse."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

from hardware.echo.null import NullCanceller
from hardware.ports import (
    Camera,
    Chime,
    EchoCanceller,
    Indicator,
    Light,
    Lock,
    Microphone,
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
            for part in (self.lock, self.light, self.chime, self.indicator, self.button,
                         self.motion, self.canceller, self.speaker, self.microphone,
                         self.camera):  # fmt: skip
                await opening.enter_async_context(part)
            self._life = opening.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every part, the lock last; may be called twice."""
        await self._life.aclose()
