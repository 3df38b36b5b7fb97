"""The small light at the button."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, Self

import gpiozero

from hardware.errors import ClosedError
from hardware.gpio import translated
from hardware.ports import Signal

# Long enough to be seen in passing, short enough not to be taken for breathing.
WINK_S = 0.15


class _Led(Protocol):
    value: float

    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def pulse(self, fade_in_time: float, fade_out_time: float) -> None: ...
    def blink(self, on_time: float, off_time: float) -> None: ...


class GpioIndicator:
    """A dimmable LED whose signals a person can tell apart without knowing them all.

    Breathing: it rings. Lit: somebody looks. Lit, and dark for a moment every other second:
    somebody hears as well. Dark, and a flash every other second: a fault.
    """

    def __init__(self, pin: int, factory: Any, *, active_high: bool = True) -> None:
        self._pin, self._factory, self._active_high = pin, factory, active_high
        self._led: _Led | None = None
        self._shown = Signal.DARK

    async def __aenter__(self) -> Self:
        with translated("indicator", self._pin):
            self._led = gpiozero.PWMLED(
                self._pin, active_high=self._active_high, pin_factory=self._factory
            )
        self._shown = Signal.DARK
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._led:
            # Joins the thread that blinks.
            await asyncio.to_thread(self._led.close)

    def show(self, signal: Signal) -> None:
        led = self._led
        if led is None or led.closed:
            raise ClosedError("The indicator is closed.")
        if signal is self._shown:
            return
        self._shown = signal
        with translated("indicator", self._pin):
            _light(led, signal)


def _light(led: _Led, signal: Signal) -> None:
    match signal:
        case Signal.DARK:
            led.value = 0.0
        case Signal.RINGING:
            led.pulse(fade_in_time=0.5, fade_out_time=0.5)
        case Signal.LIVE:
            led.value = 1.0
        case Signal.LISTENING:
            led.blink(on_time=2 - WINK_S, off_time=WINK_S)
        case Signal.FAULT:
            led.blink(on_time=WINK_S, off_time=2 - WINK_S)
