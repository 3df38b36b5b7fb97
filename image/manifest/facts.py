"""Sizes and checksums of an image, as it is fetched and as it stands on the card."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from image.manifest.errors import ManifestError

CHUNK_BYTES = 1 << 20
# At this offset a bootable disk of PCs and Pis has 55 aa, in MBR and in GPT's protective MBR.
MARK_AT, MARK = 510, b"\x55\xaa"


class Readable(Protocol):
    """What all kinds of packed files have in common."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """All in bytes; checksums are SHA-256 in hexadecimal digits."""

    extract_size: int
    extract_sha256: str
    download_size: int
    download_sha256: str


def facts_of(path: Path) -> Facts:
    """Of a .img, or one packed as .xz, .gz or .bz2. ManifestError in one sentence."""
    try:
        with path.open("rb") as packed:
            download_size, download_sha256, _ = _measured(packed)
        with _opened(path) as disk:
            extract_size, extract_sha256, start = _measured(disk)
    except (lzma.LZMAError, EOFError, gzip.BadGzipFile) as error:
        raise ManifestError(f"{path} is packed wrongly or cut off: make it again.") from error
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror or error}.") from error
    if start[MARK_AT : MARK_AT + len(MARK)] != MARK:
        raise ManifestError(f"{path} is no image of a disk: it has no partition table.")
    return Facts(extract_size, extract_sha256, download_size, download_sha256)


def _opened(path: Path) -> AbstractContextManager[Readable]:
    """The disk in the file, unpacked while it is read."""
    match path.suffix:
        case ".img":
            return path.open("rb")
        case ".xz":
            return lzma.open(path, "rb")
        case ".gz":
            return gzip.open(path, "rb")
        case ".bz2":
            return bz2.open(path, "rb")
    raise ManifestError(f"{path} is neither .img nor .img.xz, .img.gz or .img.bz2.")


def _measured(file: Readable) -> tuple[int, str, bytes]:
    """Size, checksum and first chunk."""
    digest, size, start = hashlib.sha256(), 0, b""
    while chunk := file.read(CHUNK_BYTES):
        start = start or chunk
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest(), start
