"""Whether the doorbell's card takes what is to be kept: phones, rights and the log.

A card that wears out makes itself read-only; the doorbell rings on, and says so.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

log = logging.getLogger(__name__)

# Looking costs nothing and writes nothing.
LOOK_EVERY_S = 60.0
# The log of some years, or a thousand changes of the household; below this something eats the card.
LEAST_FREE_BYTES = 16 * 1024 * 1024
MEGABYTE = 1024 * 1024
# What a folder that was fine yesterday may say today.
_UNWRITABLE = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EPERM)
_SO = "It rings and shows the door, but phones cannot be paired or changed, and open no door."


def is_unwritable(error: OSError) -> bool:
    """Whether this is the card's fault, or that of who owns the folder, and may pass."""
    return error.errno in _UNWRITABLE


def trouble(folder: Path) -> str | None:
    """Why nothing can be kept in `folder`, with the remedy; None when all is well."""
    try:
        state = os.statvfs(folder)
    except OSError as error:
        return f"The folder {folder} does not answer ({error.strerror}). {_SO} Exchange the card."
    if state.f_flag & os.ST_RDONLY:
        return (
            f"The doorbell's card is read-only. {_SO}"
            " Restart the doorbell; if it stays so, exchange the card."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return (
            f"The doorbell may not write to {folder}. {_SO}"
            f" Give it back: sudo chown -R doorstep {folder}"
        )
    free = state.f_bavail * state.f_frsize
    if free < LEAST_FREE_BYTES:
        return (
            f"The doorbell's card is full ({free // MEGABYTE} MB are free). Soon phones cannot be"
            " paired or changed, and open no door. Remove what fills it."
        )
    return None


class Storage:
    """Tells `on_fault` what is wrong with the card, or None when it is well again."""

    def __init__(self, folder: Path, on_fault: Callable[[str | None], None]) -> None:
        self._folder, self._on_fault = folder, on_fault
        self._told: str | None = None

    async def run(self) -> NoReturn:
        """Look now and then, until cancelled."""
        while True:
            self._look()
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self) -> None:
        found = trouble(self._folder)
        if found == self._told:
            return
        self._told = found
        if found is not None:
            log.warning("%s", found)
        else:
            log.info("the card can be written to again")
        self._on_fault(found)
