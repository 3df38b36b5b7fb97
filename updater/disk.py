"""Writing so that a power cut leaves the old or the new, and never half of it.

Every lasting effect goes through a method of Disk, one system call each, so that tests can cut the
power between any two of them. Raises OSError.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


class Disk:
    """The file system, as far as an update changes it."""

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Not yet on the disk: `sync_file` follows."""
        self.write_pieces(path, (data,), mode)

    def write_pieces(self, path: Path, pieces: Iterable[bytes], mode: int) -> None:
        """A large file, piece by piece; not yet on the disk either."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with open(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
            # The umask of whoever started us must not decide what the doorbell may read.
            os.fchmod(file.fileno(), mode)

    def sync_file(self, path: Path) -> None:
        """The content of a file, or the names in a folder, are on the disk."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def sync_all(self) -> None:
        """All that was written is on the disk."""
        os.sync()

    def rename(self, old: Path, new: Path) -> None:
        os.replace(old, new)

    def link(self, path: Path, target: str) -> None:
        path.symlink_to(target)

    def make_folder(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        path.chmod(0o755)

    def remove(self, path: Path) -> None:
        """A file, a link or a whole folder; nothing if it is not there."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def replace_file(disk: Disk, path: Path, data: bytes) -> None:
    """`path` holds `data`, or what it held before, whatever happens meanwhile."""
    temporary = path.with_name(f"{path.name}.new")
    disk.write(temporary, data)
    disk.sync_file(temporary)
    disk.rename(temporary, path)
    disk.sync_file(path.parent)


def replace_link(disk: Disk, path: Path, target: str) -> None:
    """`path` points to `target`, or where it pointed before."""
    temporary = path.with_name(f"{path.name}.new")
    disk.remove(temporary)
    disk.link(temporary, target)
    disk.rename(temporary, path)
    disk.sync_file(path.parent)
