"""Whose signature counts: the public keys in a folder, several of them so that they can change."""

from __future__ import annotations

import logging
from pathlib import Path

from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.updates import key_of_pem

log = logging.getLogger(__name__)

KEYS_FOLDER = Path("/usr/share/doorstep/update-keys")
# A key in PEM is 180 bytes; a folder of keys holds a handful.
KEY_LIMIT_BYTES = 4096


def trusted_keys(folder: Path = KEYS_FOLDER) -> tuple[PublicKey, ...]:
    """Every key in `*.pem`, in the order of their names; what is no key is told and left out."""
    found = []
    for path in sorted(folder.glob("*.pem")):
        try:
            with path.open("rb") as file:
                found.append(key_of_pem(file.read(KEY_LIMIT_BYTES)))
        except (OSError, RemoteProtocolError) as error:
            log.warning("%s is no key for updates: %s", path, error)
    return tuple(found)
