"""Reading a bundle: who signed it first, then whether all of it is there; nothing is unpacked here.

The payload is copied into a folder of our own while it is hashed, because whoever brought the
bundle may still change it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.jws import JWS_LIMIT_BYTES
from protocol.pairing import encode
from protocol.updates import BUNDLE_MAGIC, Manifest, read_manifest
from updater.errors import UpdateError

# A slow card takes 10 MB/s; this is a tenth of a second.
PIECE_BYTES = 1024 * 1024


def read_header(file: BinaryIO, keys: tuple[PublicKey, ...]) -> Manifest:
    """The signed manifest; `file` then stands at the payload. UpdateError."""
    if not keys:
        raise UpdateError(
            "keys",
            "No key for updates is installed, so none can be trusted."
            " Put one into /usr/share/doorstep/update-keys, or update the package.",
        )
    if file.read(len(BUNDLE_MAGIC)) != BUNDLE_MAGIC:
        raise UpdateError("broken", "This file is no update of Doorstep. Download it again.")
    line = file.readline(JWS_LIMIT_BYTES + 2)
    if not line.endswith(b"\n"):
        raise _truncated()
    try:
        return read_manifest(line[:-1].decode("ascii", "replace"), keys)
    except RemoteProtocolError as error:
        raise UpdateError(
            "signature",
            f"The update is not signed as it has to be ({str(error).rstrip('.')})."
            " It is not installed; get it from where Doorstep comes from.",
        ) from error


def copy_payload(file: BinaryIO, manifest: Manifest, to: Path) -> None:
    """Copy what follows the header to `to`, if it is what was signed. UpdateError, OSError."""
    digest, left = hashlib.sha256(), manifest.size
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as copy:
        while left and (piece := file.read(min(left, PIECE_BYTES))):
            digest.update(piece)
            copy.write(piece)
            left -= len(piece)
    if left:
        raise _truncated()
    if file.read(1):
        raise UpdateError("broken", "The update is longer than it should be. Download it again.")
    if encode(digest.digest()) != manifest.sha256:
        raise UpdateError(
            "broken", "The update was damaged on its way, or changed. Download it again."
        )


def _truncated() -> UpdateError:
    return UpdateError("broken", "The update ends too early. Download it again.")
