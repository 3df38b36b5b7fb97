"""The folder in which the doorbell leaves updates and wishes for the process that installs them.

What comes back is read from that process' own folder: it writes nothing into ours.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import platform
import struct
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

from device.services.files import write_whole
from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.pairing import encode
from protocol.updates import (
    BUNDLE_MAGIC,
    Manifest,
    Progress,
    System,
    Wish,
    architecture_of,
    key_of_pem,
    suite_in,
)

WISH_NAME = "wish.json"
STATUS_NAME = "status.json"
# Wish and status are some hundred bytes, a key is 180.
SMALL_LIMIT_BYTES = 4096
OS_RELEASE = Path("/etc/os-release")


class UpdateMailbox:
    """`folder` is ours, `installer` the other's. Methods raise OSError."""

    def __init__(self, folder: Path, installer: Path) -> None:
        self.folder = folder
        self._status = installer / STATUS_NAME

    def open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def post(self, wish: Wish) -> None:
        """Whoever installs is woken by it."""
        write_whole(self.folder / WISH_NAME, wish.model_dump_json())

    def wish(self) -> Wish | None:
        """The last one."""
        with contextlib.suppress(OSError, ValidationError):
            return Wish.model_validate_json(_small(self.folder / WISH_NAME))
        return None

    def progress(self) -> Progress | None:
        """None where nothing installs updates, or it has not said anything yet."""
        with contextlib.suppress(OSError, ValidationError):
            return Progress.model_validate_json(_small(self._status))
        return None

    def done(self) -> None:
        """The wish is over, and what it needed as well."""
        (self.folder / WISH_NAME).unlink(missing_ok=True)
        self.clear()

    def bundle(self, manifest: Manifest) -> Path:
        return self.folder / manifest.file_name

    def clear(self, keep: str = "") -> None:
        """Remove downloads that nobody needs any more."""
        for path in self.folder.glob("*.bundle*"):
            if not keep or not path.name.startswith(keep):
                path.unlink(missing_ok=True)


def is_whole(path: Path, signed: str, manifest: Manifest) -> bool:
    """Whether a download is what was signed, from its first byte to its last. OSError."""
    with path.open("rb") as file:
        head = BUNDLE_MAGIC + signed.encode("ascii") + b"\n"
        if file.read(len(head)) != head:
            return False
        digest = hashlib.file_digest(file, "sha256").digest()
    return encode(digest) == manifest.sha256


def trusted_keys(folder: Path) -> tuple[PublicKey, ...]:
    """Whose signature counts; what is no key is left out."""
    found = []
    for path in sorted(folder.glob("*.pem")):
        with contextlib.suppress(OSError, RemoteProtocolError):
            found.append(key_of_pem(_small(path)))
    return tuple(found)


def this_system() -> System:
    """The machine and the software that run here."""
    try:
        release = OS_RELEASE.read_text("utf-8")
    except OSError:
        release = ""
    return System(
        suite=suite_in(release),
        architecture=architecture_of(platform.machine(), struct.calcsize("P")),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        package=running_version(),
    )


@functools.cache
def running_version() -> str:
    """Of this process, without the suffix of a package.

    Found once, at the start: later the same path may lead to another version's files.
    """
    try:
        return version("doorstep").partition("+")[0]
    except PackageNotFoundError:
        return "0.0"


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SMALL_LIMIT_BYTES)
