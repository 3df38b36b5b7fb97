"""One updater at a time."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from updater.errors import BusyError


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder; BusyError when another process does. The kernel frees it at our end."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError("Another update is under way. Try again when it is over.") from error
        yield
