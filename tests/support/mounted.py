"""A card of a test's own: a small file system that can be read-only, or full, in earnest."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@cache
def can_mount() -> bool:
    """Whether this machine lets us mount."""
    with TemporaryDirectory() as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return tried.returncode == 0


needs_mounts = pytest.mark.skipif(
    not can_mount(), reason="Only root may mount here, so no card can be made read-only."
)


@contextmanager
def a_card(folder: Path, size: str = "32m") -> Iterator[Path]:
    """`folder` is a file system of this size for the length of a block."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        # Whoever still has a file open there lets go of it later.
        subprocess.run(["umount", "--lazy", folder], check=True)


def make(folder: Path, how: str) -> None:
    """Mount the card anew: `ro`, `rw` or `size=…`."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def fill(folder: Path, name: str = "filling") -> Path:
    """Write until nothing fits; the file that takes the room."""
    path = folder / name
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return path
