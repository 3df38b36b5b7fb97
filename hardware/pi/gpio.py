"""The parts on a real Pi's header, by lgpio, gpiozero's driver that works on every model."""

from __future__ import annotations

from functools import cache
from typing import Any

from hardware.errors import HardwareError, MissingError
from hardware.gpio import GpioLight, GpioSensor
from hardware.gpio_indicator import GpioIndicator
from hardware.gpio_pulse import GpioChime
from hardware.options import Pins


def open_factory() -> Any:
    """LGPIOFactory of this machine. MissingError when lgpio or the GPIO chip is not there."""
    try:
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise MissingError(
            "The GPIO driver is not installed. Install it with: sudo apt install python3-lgpio"
        ) from error
    try:
        return LGPIOFactory()
    except Exception as error:
        # lgpio raises a class of its own that it makes up at run time, beside OSError.
        _translate(error)
        raise


def _translate(error: Exception) -> None:
    if type(error).__module__.partition(".")[0] in ("lgpio", "gpiozero", "builtins"):
        raise HardwareError(
            f"This machine's GPIO pins cannot be opened: {error}. "
            "Run on a Raspberry Pi, as a member of the group gpio, with LG_WD set to a folder "
            "that may be written to."
        ) from error


# Lines belong to whoever opened the chip, to the end of the process: a second opening would find
# them busy. A chip that is missing is looked for again with the next part.
shared_factory = cache(open_factory)


class Header:
    """Makes the parts on the header; the chip is opened with the first of them."""

    def __init__(self, pins: Pins) -> None:
        self._pins = pins
        self.factory = shared_factory

    def button(self) -> GpioSensor:
        inverted = "button" in self._pins.inverted
        return GpioSensor.button(self._pins.button, self.factory(), inverted=inverted)

    def motion(self) -> GpioSensor:
        inverted = "motion" in self._pins.inverted
        return GpioSensor.motion(self._pins.motion, self.factory(), inverted=inverted)

    def light(self) -> GpioLight:
        active_high = self._pins.active_high("light")
        return GpioLight(self._pins.light, self.factory(), active_high=active_high)

    def chime(self) -> GpioChime:
        active_high = self._pins.active_high("chime")
        return GpioChime(self._pins.chime, self.factory(), active_high=active_high)

    def indicator(self) -> GpioIndicator:
        active_high = self._pins.active_high("indicator")
        return GpioIndicator(self._pins.indicator, self.factory(), active_high=active_high)
