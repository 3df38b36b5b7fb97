"""The doorbell's wishes. Its folder belongs to a process that may be taken over: only read it,
follow no link in it, and believe nothing that is not signed."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from protocol.updates import Wish
from updater.errors import UpdateError

log = logging.getLogger(__name__)

MAILBOX = Path("/var/lib/doorstep/updates")
WISH_NAME = "wish.json"
WISH_LIMIT_BYTES = 4096


def wish_in(mailbox: Path) -> Wish | None:
    """What the doorbell wants; None when it wants nothing that can be read."""
    try:
        with open_plain(mailbox / WISH_NAME) as file:
            return Wish.model_validate_json(file.read(WISH_LIMIT_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        log.warning("the doorbell's wish cannot be read and is ignored")
        return None


def bundle_of(mailbox: Path, wish: Wish) -> BinaryIO:
    """The bundle that a wish names, open. UpdateError."""
    if wish.bundle is None:
        raise UpdateError("fault", "The wish names no update. Ask for it once more in the app.")
    try:
        return open_plain(mailbox / wish.bundle)
    except OSError as error:
        raise UpdateError(
            "broken", "The downloaded update is not there any more. Ask for it again."
        ) from error


def open_plain(path: Path) -> BinaryIO:
    """A plain file, open for reading; OSError when it is a link, a pipe or something else."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is no plain file.")
    return open(handle, "rb")
