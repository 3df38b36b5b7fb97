"""The infra-red light that the camera switches on at night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from hardware.gpio import GpioOutput


class Switch(Protocol):
    """A light as the camera sees it; `switch` is called on the camera's thread."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    def switch(self, on: bool) -> None: ...


class _Relay(GpioOutput):
    part = "infra-red light"

    def switch(self, on: bool) -> None:
        self._set(on)


class InfraredLight:
    """A relay or transistor on a pin; `factory` gives the GPIO chip when it is opened."""

    def __init__(self, pin: int, factory: Callable[[], Any], *, inverted: bool = False) -> None:
        self._make: Callable[[], _Relay] = lambda: _Relay(pin, factory(), active_high=not inverted)
        self._relay: _Relay | None = None

    async def open(self) -> None:
        """Have the pin, with the light off. MissingError, BusyError."""
        relay = self._make()
        await relay.__aenter__()
        self._relay = relay

    async def close(self) -> None:
        """The light is off. May be called twice."""
        relay, self._relay = self._relay, None
        if relay:
            await relay.close()

    def switch(self, on: bool) -> None:
        """Nothing happens while it is closed."""
        if relay := self._relay:
            relay.switch(on)
