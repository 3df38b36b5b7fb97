"""A bundle for whoever installs by hand, who has a network. The units have none."""

from __future__ import annotations

import contextlib
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from protocol.jws import JWS_LIMIT_BYTES
from protocol.updates import PACKED_LIMIT_BYTES
from updater.bundle import PIECE_BYTES
from updater.errors import UpdateError
from updater.mailbox import open_plain

# For every single answer of the other side, not for the whole.
ANSWER_LIMIT_S = 60.0


@contextlib.contextmanager
def fetched(what: str) -> Iterator[BinaryIO]:
    """The file, or what an address with https:// holds, open at its start. UpdateError."""
    if "://" not in what:
        try:
            file = open_plain(Path(what))
        except OSError as error:
            raise UpdateError(
                "broken", f"{what} cannot be read ({error.strerror or error}). Name another file."
            ) from error
        with file:
            yield file
        return
    if not what.startswith("https://"):
        raise UpdateError("network", "Updates come over HTTPS only. Write https:// before it.")
    with tempfile.TemporaryFile() as copy:
        _download(what, copy)
        copy.seek(0)
        yield copy


def _download(address: str, copy: BinaryIO) -> None:
    most = PACKED_LIMIT_BYTES + JWS_LIMIT_BYTES + PIECE_BYTES
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_LIMIT_S) as answer:
            while piece := answer.read(PIECE_BYTES):
                most -= len(piece)
                if most < 0:
                    raise UpdateError("broken", "What this address sends is too large.")
                copy.write(piece)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UpdateError(
            "network", f"{address} cannot be reached. Check the address and the network."
        ) from error
