"""A part that may not be there yet: the board goes on without it, and it comes when it can.

`Patient` holds the driver of a part. Entering it tries once and never fails; while the part is
absent its use raises the driver's own error. Who uses it tries again with `present` or `renewed`,
at its own pace: nothing runs in the background.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, Self, TypeVar

from hardware.errors import ClosedError, HardwareError, StalledError
from hardware.ports import Part

# A slow Pi needs three seconds for its camera; whoever needs this long does not answer at all.
OPEN_LIMIT_S = 15.0
# Joining a driver's thread; one that hangs is left behind.
CLOSE_LIMIT_S = 5.0

_log = logging.getLogger(__name__)
Driver = TypeVar("Driver", bound=Part)
Item = TypeVar("Item")


class Patient(Generic[Driver]):
    """`make()` gives a driver that was not entered yet; each try has a new one.

    `name` stands in sentences, like "camera". `make` may raise HardwareError as well.
    """

    def __init__(self, name: str, make: Callable[[], Driver]) -> None:
        self._name, self._make = name, make
        self._driver: Driver | None = None
        self._error: HardwareError = ClosedError(f"The {name} is closed.")
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Try once. Never raises HardwareError: `absence` tells."""
        with contextlib.suppress(HardwareError):
            await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """The part is absent from now on, until it is opened again; may be called twice."""
        await self._leave(ClosedError(f"The {self._name} is closed."))

    @property
    def absence(self) -> HardwareError | None:
        """Why the part is not there, or None while it is."""
        return None if self._driver else self._error

    async def open(self) -> bool:
        """Have the part there; whether it came just now. HardwareError when it does not."""
        async with self._opening:
            if self._driver is not None:
                return False
            try:
                driver = self._make()
                await self._enter(driver)
            except HardwareError as error:
                # The words alone: with its traceback the error would keep what it failed in, and
                # the pins that gpiozero has reserved for that.
                self._error = type(error)(str(error))
                raise
            self._driver = driver
        self._came(driver)
        return True

    async def renew(self) -> None:
        """Open the part afresh, also when it seems to be there. HardwareError."""
        await self._leave(self._error)
        await self.open()

    def there(self) -> Driver:
        """The driver. Raises what keeps it away while it is absent."""
        if self._driver is None:
            # A new one each time: an error that is raised again grows by its traceback.
            raise type(self._error)(str(self._error))
        return self._driver

    def _came(self, driver: Driver) -> None:
        """The part is there; tell it what it has missed."""

    async def _watched(self, taken: AsyncIterator[Item]) -> AsyncIterator[Item]:
        """What the driver yields; when it fails it is opened afresh at the next try."""
        async with self._in_use():
            try:
                async for item in taken:
                    yield item
            finally:
                if isinstance(taken, AsyncGenerator):
                    await taken.aclose()

    @asynccontextmanager
    async def _in_use(self) -> AsyncIterator[None]:
        """A driver that fails in here is left, so that the next try has a new one."""
        driver = self._driver
        try:
            yield
        except HardwareError as error:
            if driver is self._driver:
                await self._leave(error)
            raise

    async def _enter(self, driver: Driver) -> None:
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                await driver.__aenter__()
        except HardwareError:
            await self._end(driver)
            raise
        except TimeoutError as error:
            await self._end(driver)
            raise StalledError(
                f"The {self._name} does not answer. Check its cable, then restart the doorbell."
            ) from error

    async def _leave(self, why: HardwareError) -> None:
        driver, self._driver, self._error = self._driver, None, why
        if driver is not None:
            await self._end(driver)

    async def _end(self, driver: Driver) -> None:
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await driver.close()
        except (HardwareError, TimeoutError) as error:
            _log.warning("the %s did not close cleanly: %s", self._name, error)


async def present(part: object) -> bool:
    """Have a part there that may be absent; whether it came just now. HardwareError."""
    return isinstance(part, Patient) and await part.open()


async def renewed(part: object) -> None:
    """Open a part afresh that failed, if it is one that can come later. HardwareError."""
    if isinstance(part, Patient):
        await part.renew()


def absence(part: object) -> HardwareError | None:
    """Why a part is not there; None when it is, or is not one that can come later."""
    return part.absence if isinstance(part, Patient) else None
