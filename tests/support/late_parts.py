"""Drivers that can be taken away and brought back, and what was said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hardware.errors import HardwareError
from protocol.door import Part

Driver = TypeVar("Driver")


@dataclass
class Shelf(Generic[Driver]):
    """`take()` gives a driver, or raises `missing` while there is none."""

    make: Callable[[], Driver]
    missing: HardwareError | None = None
    taken: list[Driver] = field(default_factory=list)
    tries: int = 0

    def take(self) -> Driver:
        self.tries += 1
        if self.missing is not None:
            raise self.missing
        self.taken.append(self.make())
        return self.taken[-1]


class Faults:
    """What was said about the parts."""

    def __init__(self) -> None:
        self.said: list[tuple[Part, str | None]] = []

    def note(self, part: Part, detail: str | None) -> None:
        self.said.append((part, detail))

    def of(self, part: Part) -> list[str | None]:
        return [detail for said, detail in self.said if said == part]
