"""The parts on GPIO pins, by gpiozero: the same for the Pi and for its twin.

Each takes a pin factory: LGPIOFactory on the Pi, MockFactory in the twin; never gpiozero's
global one, so that several boards can live in one process.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, Self

import gpiozero

from hardware.bridge import Bridge, now_us
from hardware.errors import BusyError, ClosedError, HardwareError, MissingError, StalledError
from hardware.ports import Edge

# Contacts of ordinary bell buttons settle within 10 ms; nobody presses twice in 30.
BOUNCE_TIME_S = 0.03
# A PIR holds its output for seconds; this bounds the delay of motion to 50 ms.
MOTION_SAMPLE_RATE_HZ = 20
# gpiozero's sampling thread needs one period to know the first state of a motion sensor.
FIRST_STATE_TIMEOUT_S = 1.0

_log = logging.getLogger(__name__)


class _Device(Protocol):
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...


class _Input(_Device, Protocol):
    when_activated: Callable[[], None]
    when_deactivated: Callable[[], None]

    @property
    def is_active(self) -> bool: ...
    @property
    def active_time(self) -> float | None: ...
    @property
    def inactive_time(self) -> float | None: ...


class _Output(_Device, Protocol):
    def on(self) -> None: ...
    def off(self) -> None: ...


@contextmanager
def translated(part: str, pin: int) -> Iterator[None]:
    """Turn gpiozero's errors into ours, naming the part and its pin."""
    try:
        yield
    except gpiozero.GPIOPinInUse as error:
        raise BusyError(f"GPIO {pin} ({part}) is in use. Give every part its own pin.") from error
    except (gpiozero.PinError, gpiozero.BadPinFactory) as error:
        raise MissingError(f"GPIO {pin} ({part}) is not there: {error}. Check the pins.") from error
    except (gpiozero.GPIOZeroError, OSError) as error:
        raise HardwareError(f"The {part} on GPIO {pin} failed: {error}.") from error
    except Exception as error:
        # lgpio, which only a Pi has, says in a class of its own what the kernel refuses.
        if type(error).__module__ != "lgpio":
            raise
        if "busy" in str(error):
            raise BusyError(
                f"GPIO {pin} ({part}) is held by another program. Stop it, or choose another pin."
            ) from error
        raise HardwareError(f"The {part} on GPIO {pin} failed: {error}.") from error


class GpioSensor:
    """A debounced input; make it by `button` or `motion`."""

    def __init__(self, part: str, pin: int, make: Callable[[], _Input]) -> None:
        self._part, self._pin, self._make = part, pin, make
        self._device: _Input | None = None
        self._edges: Bridge[Edge] | None = None
        self._active = False

    @classmethod
    def button(cls, pin: int, factory: Any, *, inverted: bool = False) -> Self:
        """A push button between the pin and ground; inverted: between the pin and 3.3 V."""
        return cls("button", pin, lambda: gpiozero.Button(
            pin, pull_up=not inverted, bounce_time=BOUNCE_TIME_S, pin_factory=factory))  # fmt: skip

    @classmethod
    def motion(cls, pin: int, factory: Any, *, inverted: bool = False) -> Self:
        """A PIR sensor that drives the pin high (inverted: low) while someone moves."""
        return cls("motion sensor", pin, lambda: gpiozero.MotionSensor(
            pin, pull_up=inverted, sample_rate=MOTION_SAMPLE_RATE_HZ, partial=True,
            pin_factory=factory))  # fmt: skip

    async def __aenter__(self) -> Self:
        with translated(self._part, self._pin):
            self._device = self._make()
            self._device.when_activated = lambda: self._changed(True)
            self._device.when_deactivated = lambda: self._changed(False)
        await asyncio.to_thread(_await_first_state, self._device)
        self._active = bool(self._device.is_active)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._edges:
            self._edges.close()
        if self._device:
            # Joins the sampling thread of a motion sensor.
            await asyncio.to_thread(self._device.close)

    @property
    def active(self) -> bool:
        _opened(self._device, self._part)
        # As the last edge had it: the pin itself also shows what is still bouncing.
        return self._active

    def edges(self) -> AsyncIterator[Edge]:
        """Every edge from this call on; a second taker ends the first."""
        _opened(self._device, self._part)
        if self._edges:
            self._edges.close()
        self._edges = Bridge[Edge](limit=None)
        return self._edges

    def _changed(self, active: bool) -> None:
        self._active = active
        if edges := self._edges:
            edges.put(Edge(active, now_us()))


class GpioOutput:
    """A relay on a pin: off when opened, off when closed."""

    part = "output"

    def __init__(self, pin: int, factory: Any, *, active_high: bool = True) -> None:
        self._pin = pin
        self._make: Callable[[], _Output] = lambda: gpiozero.OutputDevice(
            pin, active_high=active_high, initial_value=False, pin_factory=factory
        )
        self._device: _Output | None = None

    async def __aenter__(self) -> Self:
        with translated(self.part, self._pin):
            self._device = self._make()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._release()

    def _release(self) -> None:
        device = self._device
        if device is None or device.closed:
            return
        with translated(self.part, self._pin):
            try:
                device.off()
            finally:
                device.close()

    def _set(self, on: bool) -> None:
        device = _opened(self._device, self.part)
        with translated(self.part, self._pin):
            if on:
                device.on()
            else:
                device.off()


class GpioLight(GpioOutput):
    """The porch light's relay."""

    part = "light"
    _on = False

    @property
    def on(self) -> bool:
        return self._on

    def switch(self, on: bool) -> None:
        self._set(on)
        self._on = on
        _log.info("light %s", "on" if on else "off")


def _await_first_state(device: _Input) -> None:
    """Wait until gpiozero has sampled once: an edge before that would pass unnoticed."""
    deadline_s = time.monotonic() + FIRST_STATE_TIMEOUT_S
    while device.active_time is None and device.inactive_time is None:
        if time.monotonic() > deadline_s:
            raise StalledError("The motion sensor's pin cannot be sampled. Restart the doorbell.")
        time.sleep(1 / MOTION_SAMPLE_RATE_HZ / 4)


def _opened(device: Any, part: str) -> Any:
    if device is None or device.closed:
        raise ClosedError(f"The {part} is closed.")
    return device
