"""Somebody at the pins: presses the button, walks past, and looks at the relays.

Pins are played through gpio-sim's folder (or one of the same shape), or over wires from spare pins
of a real Pi to the ones under test.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

SIM_VARIABLE, WIRES_VARIABLE = "DOORSTEP_HIL_GPIO_SIM", "DOORSTEP_HIL_WIRES"


class Bench(Protocol):
    """What a hand and an eye can do."""

    name: str

    def drive(self, pin: int, high: bool) -> None:
        """Put a level on an input."""

    def level(self, pin: int) -> bool:
        """What an output does now."""


class SimBench:
    """Lines of gpio-sim, or of what stands in for it."""

    def __init__(self, folder: Path) -> None:
        self.name, self._folder = "simulated lines", folder

    def drive(self, pin: int, high: bool) -> None:
        self._line(pin, "pull").write_text("pull-up" if high else "pull-down", "ascii")

    def level(self, pin: int) -> bool:
        return self._line(pin, "value").read_text("ascii").strip() == "1"

    def _line(self, pin: int, what: str) -> Path:
        return self._folder / f"sim_gpio{pin}" / what


class WireBench:
    """Jumper wires: each pin under test is joined to a spare one."""

    def __init__(self, wires: Mapping[int, int]) -> None:
        self.name, self._wires = "wires", wires
        self._lgpio: Any = importlib.import_module("lgpio")
        self._chip = self._lgpio.gpiochip_open(0)

    def drive(self, pin: int, high: bool) -> None:
        self._lgpio.gpio_claim_output(self._chip, self._spare(pin), int(high))

    def level(self, pin: int) -> bool:
        spare = self._spare(pin)
        self._lgpio.gpio_claim_input(self._chip, spare)
        return bool(self._lgpio.gpio_read(self._chip, spare))

    def _spare(self, pin: int) -> int:
        if pin not in self._wires:
            raise LookupError(f"GPIO {pin} has no wire. Add {pin}=… to {WIRES_VARIABLE}.")
        return self._wires[pin]


def bench_here(variables: Mapping[str, str] = os.environ) -> Bench | None:
    """The bench that the environment names; nothing if it names none."""
    if folder := variables.get(SIM_VARIABLE):
        return SimBench(Path(folder))
    if wires := variables.get(WIRES_VARIABLE):
        return WireBench(read_wires(wires))
    return None


def read_wires(text: str) -> dict[int, int]:
    """`17=5 27=6`: GPIO 17 is joined to GPIO 5, and 27 to 6. ValueError for anything else."""
    wires: dict[int, int] = {}
    for joined in text.split():
        pin, equals, spare = joined.partition("=")
        if not (equals and pin.isdecimal() and spare.isdecimal()):
            raise ValueError(f"{joined!r} is no wire. Write pairs of pins, like 17=5 27=6.")
        wires[int(pin)] = int(spare)
    return wires
