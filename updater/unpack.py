"""Unpacking a payload (tar in xz) into an empty folder, trusting nothing that it says.

Only folders, plain files and links that stay inside come out of it, owned by whoever unpacks.
Links are made last, so that no file can be written through one.
"""

from __future__ import annotations

import io
import lzma
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from protocol.updates import Manifest
from updater.bundle import PIECE_BYTES
from updater.disk import Disk
from updater.errors import UpdateError

# What xz -9 needs to unpack, and a little more.
MEMORY_LIMIT_BYTES = 80 * 1024 * 1024
# Of tar: a header for every file, another for a long name, and padding.
OVERHEAD_PER_FILE_BYTES = 4096
PATH_LIMIT = 512
# The year 2106: what 32 bits hold.
LATEST_S = 2**32 - 1


def unpack(packed: Path, folder: Path, manifest: Manifest, disk: Disk) -> None:
    """Fill `folder`, which must not be there. UpdateError when the payload is not clean; OSError.

    What a refusal leaves behind is the caller's to remove.
    """
    disk.make_folder(folder)
    limit = manifest.unpacked + (manifest.files + 4) * OVERHEAD_PER_FILE_BYTES
    with packed.open("rb") as file:
        tree = _Tree(folder, manifest, disk)
        try:
            with tarfile.open(fileobj=_Inflated(file, limit), mode="r|") as tar:
                for member in tar:
                    tree.add(tar, member)
        except (tarfile.TarError, lzma.LZMAError, EOFError, UnicodeError, ValueError) as error:
            raise UpdateError(
                "broken", "The update cannot be unpacked. Download it again."
            ) from error
        tree.finish()


class _Tree:
    """What has come out so far."""

    def __init__(self, folder: Path, manifest: Manifest, disk: Disk) -> None:
        self._folder, self._disk = folder, disk
        self._bytes_left, self._files_left = manifest.unpacked, manifest.files
        self._links: list[tuple[Path, str]] = []
        self._known: set[PurePosixPath] = {PurePosixPath()}

    def add(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        where = _inside(member.name)
        self._count(member)
        if member.isdir():
            self._folders_of(where)
        elif member.isreg():
            self._file(tar, member, where)
        elif member.issym():
            self._link(member, where)
        else:
            raise _unclean(f"holds something else than files: {where}")

    def finish(self) -> None:
        """Links, when nothing is written any more; and whether all has come."""
        for path, target in self._links:
            self._disk.link(path, target)
        if self._files_left:
            raise _unclean("holds fewer files than it says")

    def _count(self, member: tarfile.TarInfo) -> None:
        if not member.isdir():
            self._files_left -= 1
            self._bytes_left -= member.size
        if self._files_left < 0 or self._bytes_left < 0:
            raise _unclean("holds more than it says")

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, where: PurePosixPath) -> None:
        self._new(where)
        content = tar.extractfile(member)
        if content is None:
            raise _unclean(f"holds something else than files: {where}")
        mode = 0o755 if member.mode & 0o100 else 0o644
        self._disk.write_pieces(self._folder / where, _pieces(content, member.size), mode)
        # Python compares it with what the compiled form notes, where that holds a time.
        os.utime(self._folder / where, (_time_in(member),) * 2)

    def _link(self, member: tarfile.TarInfo, where: PurePosixPath) -> None:
        self._new(where)
        target = member.linkname
        aim = os.path.normpath(where.parent / target)
        if target.startswith("/") or aim == ".." or aim.startswith("../") or "\0" in target:
            raise _unclean(f"has a link that leads out: {where}")
        self._links.append((self._folder / where, target))

    def _new(self, where: PurePosixPath) -> None:
        """Nothing may come twice: the second would be written over the first, or through it."""
        if where in self._known:
            raise _unclean(f"holds {where} twice")
        self._folders_of(where.parent)
        self._known.add(where)

    def _folders_of(self, where: PurePosixPath) -> None:
        for folder in (*reversed(where.parents), where):
            if folder in self._known:
                if not (self._folder / folder).is_dir():
                    raise _unclean(f"needs a folder where a file is: {folder}")
            else:
                self._disk.make_folder(self._folder / folder)
                self._known.add(folder)


class _Inflated(io.RawIOBase):
    """xz, unpacked as it is read: not more than `limit` bytes, and in limited memory."""

    def __init__(self, packed: BinaryIO, limit: int) -> None:
        self._packed = packed
        self._left = limit
        self._xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = b""
        while not data and not self._xz.eof:
            piece = self._packed.read(PIECE_BYTES) if self._xz.needs_input else b""
            if self._xz.needs_input and not piece:
                raise EOFError
            data = self._xz.decompress(piece, max_length=len(room))
        self._left -= len(data)
        if self._left < 0:
            raise _unclean("unpacks to more than it says")
        room[: len(data)] = data
        return len(data)


def _time_in(member: tarfile.TarInfo) -> int:
    return min(max(0, int(member.mtime)), LATEST_S)


def _pieces(content: IO[bytes], size: int) -> Iterator[bytes]:
    while size and (piece := content.read(min(size, PIECE_BYTES))):
        size -= len(piece)
        yield piece
    if size:
        raise EOFError


def _inside(name: str) -> PurePosixPath:
    where = PurePosixPath(name)
    odd = where.is_absolute() or ".." in where.parts or not where.parts
    if odd or len(name) > PATH_LIMIT or "\0" in name or "\\" in name:
        raise _unclean("wants to write outside its folder")
    return where


def _unclean(what: str) -> UpdateError:
    return UpdateError("broken", f"The update {what[:150]}. It is not installed.")
