"""Whether the wall clock can be believed: the kernel is told the time by others, and it runs on.

A doorbell without a battery wakes up in the past. Rights that end, or hold in windows of the week,
do not hold until the time is known (threats: a clock set back to let an old guest in again).
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NoReturn

from device.services.files import write_whole

log = logging.getLogger(__name__)

TrustWhen = Literal["when_synchronized", "always"]
# This software is not older: 2026-11-01.
NOT_BEFORE_S = 1_793_491_200.0
# A clock that is put right goes back by less.
STEP_BACK_S = 60.0
LOOK_EVERY_S = 60.0
# After a power cut the clock may have lost this much unnoticed; more often would wear the card,
# and hold up the picture while a slow one writes.
WRITE_EVERY_S = 6 * 3600.0
# What adjtimex(2) returns while nobody has told the kernel the time.
TIME_ERROR = 5
# struct timex is smaller on every machine; zeros ask and set nothing.
TIMEX_BYTES = 1024


def kernel_is_synchronized() -> bool:
    """Whether the kernel's clock follows a time server (adjtimex(2), which needs no rights)."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    state: int = adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    return 0 <= state != TIME_ERROR


class ClockTrust:
    """Call it with the wall's seconds. `path` remembers how late it has been."""

    def __init__(
        self,
        path: Path,
        when: TrustWhen,
        wall: Callable[[], float],
        synchronized: Callable[[], bool] = kernel_is_synchronized,
    ) -> None:
        self._path = path
        self._always = when == "always"
        self._wall = wall
        self._synchronized = synchronized
        self._written_s = _written(path)
        self._latest_s = max(NOT_BEFORE_S, self._written_s)
        self._warned = False

    def __call__(self, wall_s: float) -> bool:
        """Whether anybody would vouch for this time."""
        if self._always:
            return True
        return wall_s >= self._latest_s - STEP_BACK_S and self._synchronized()

    async def run(self) -> NoReturn:
        """Remember the latest time that could be believed, until cancelled."""
        while True:
            if not self._always:
                self._look(self._wall())
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, wall_s: float) -> None:
        if not self._synchronized():
            return
        if wall_s < self._latest_s - STEP_BACK_S:
            self._warn()
            return
        self._latest_s = max(self._latest_s, wall_s)
        if self._latest_s - self._written_s >= WRITE_EVERY_S:
            self._write()

    def _warn(self) -> None:
        if not self._warned:
            log.warning(
                "the clock says a time that is over already; rights that end or have windows do"
                " not hold. If it is right now, stop the doorbell and remove %s", self._path,
            )  # fmt: skip
        self._warned = True

    def _write(self) -> None:
        try:
            write_whole(self._path, f"{self._latest_s:.0f}\n")
        except OSError as error:
            log.warning("the time cannot be written down: %s", error)
        else:
            self._written_s = self._latest_s


def _written(path: Path) -> float:
    """The latest time of an earlier life, or none."""
    try:
        return float(int(path.read_text("ascii")))
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError) as error:
        log.warning("the time of the last run cannot be read, so it is not known: %s", error)
        return 0.0
