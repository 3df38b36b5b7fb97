"""The relay as the keeper sees it: on or off, off when opened and off when closed."""

from __future__ import annotations

import fcntl
import os
from typing import Protocol, Self

FILE_PREFIX = "file:"


class RelayError(RuntimeError):
    """The relay cannot be had or moved; the text is one sentence with the remedy."""


class Relay(Protocol):
    """Opened by `with`, released at its end."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...
    def set(self, on: bool) -> None: ...


class FileRelay:
    """A file that holds 0 or 1: for tests, and where there is no GPIO."""

    def __init__(self, path: str) -> None:
        self._path, self._file = path, -1

    def __enter__(self) -> Self:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RelayError(f"{self._path} is held by another keeper. Stop that one.") from error
        except OSError as error:
            raise RelayError(f"{self._path} cannot be written: {error.strerror}.") from error
        self.set(False)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.set(False)
        os.close(self._file)

    def set(self, on: bool) -> None:
        os.pwrite(self._file, b"1" if on else b"0", 0)
