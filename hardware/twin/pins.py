"""gpiozero's mock pins, wired to the simulated porch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from hardware.options import Pins, Wired

# Told the part's name and whether it is active: pressed, moving, unlocked, lit, ringing.
Changed = Callable[[str, bool], None]


class _WatchedPin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
    """A mock pin that tells its factory of every change."""

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed:
            self.factory.pin_changed(self)
        return changed


class PorchFactory(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """The twin's own pin factory; the indicator's pin can be dimmed."""

    def __init__(self, pins: Pins, changed: Changed) -> None:
        super().__init__(pin_class=_WatchedPin)
        self._pins, self._changed = pins, changed
        self._parts: dict[int, Wired] = {
            pins.button: "button", pins.motion: "motion", pins.lock: "lock",
            pins.light: "light", pins.chime: "chime",
        }  # fmt: skip

    def pin(self, name: Any, pin_class: Any = None, **kwargs: Any) -> Any:
        if pin_class is None and name == self._pins.indicator:
            pin_class = MockPWMPin
        return super().pin(name, pin_class, **kwargs)

    def drive(self, part: Wired, active: bool) -> None:
        """The world moves an input's pin, whichever way the part is wired."""
        numbers = {name: number for number, name in self._parts.items()}
        pin = self.pin(numbers[part])
        if active is self._pins.active_high(part):
            pin.drive_high()
        else:
            pin.drive_low()

    def pin_changed(self, pin: Any) -> None:
        number = int(pin.info.name.removeprefix("GPIO"))
        # A pull resistor that settles while a part is opened is not an event at the door.
        if part := self._parts.get(number):
            self._changed(part, bool(pin.state) is self._pins.active_high(part))
