"""The way back in when every phone is lost: a file on the card takes all phones out, once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from device.errors import StartError
from device.services.files import write_whole
from device.services.household import Household

log = logging.getLogger(__name__)

RESET_FILE = "doorstep-reset"
# Whatever is in it does not matter, and tells two such files apart.
READ_LIMIT_BYTES = 4096


def obey_reset_files(household: Household, folders: Iterable[Path]) -> None:
    """Reset the household if a file asks for it, and remove the file.

    Where the file cannot be removed it is remembered, so that it counts once. StartError when the
    household cannot be written.
    """
    for path in (folder / RESET_FILE for folder in folders):
        name = _name_of(path)
        if name is None:
            continue
        if name != household.reset_seen:
            _reset(household, path, name)
        _remove(path)


def ask_for_reset(state: Path) -> None:
    """Have the household that lives in `state` reset at the next start. OSError."""
    write_whole(state / RESET_FILE, "")


def _reset(household: Household, path: Path, name: str) -> None:
    try:
        household.reset(name)
    except OSError as error:
        raise StartError(
            f"{path} asks to take all phones out, and the list of phones cannot be written:"
            f" {error.strerror}. Free the disk, or remove the file."
        ) from error


def _name_of(path: Path) -> str | None:
    """Tells this very file from a later one; nothing when there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(READ_LIMIT_BYTES)
            written_ns = path.stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        log.warning("%s cannot be read, so it is not obeyed: %s", path, error.strerror)
        return None
    return f"{written_ns}-{hashlib.sha256(content).hexdigest()[:16]}"


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s was obeyed and cannot be removed: %s. Remove it.", path, error.strerror)
