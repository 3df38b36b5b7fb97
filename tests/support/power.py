"""Power that goes at a chosen moment, and takes with it what was not on the disk yet.

Each lasting operation of Disk is a step; the power goes before it, in its middle, or after it.
`kill`: the process dies, the disk keeps all that was written. `hollow`: names are kept, what files
hold is not, unless it was synced. `forgotten`: names that were not synced are gone as well.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from updater.disk import Disk

Loss = Literal["kill", "hollow", "forgotten"]
LOSSES: tuple[Loss, ...] = ("kill", "hollow", "forgotten")


class Power:
    """Goes at step `cut`, counted from 1; 0 is never. `trail` names the steps so far."""

    def __init__(self, cut: int = 0) -> None:
        self.trail: list[str] = []
        self._cut = cut
        self.losing: Callable[[], None] = lambda: None

    def step(self, what: str) -> None:
        self.trail.append(what)
        if len(self.trail) == self._cut:
            self.losing()
            os.kill(os.getpid(), signal.SIGKILL)


class PoweredDisk(Disk):
    """A Disk that remembers what a power cut would take away."""

    def __init__(self, power: Power, loss: Loss, attic: Path) -> None:
        self._power, self._loss, self._attic = power, loss, attic
        self._unsynced: set[Path] = set()
        self._undo: list[tuple[Path, Callable[[], None]]] = []
        attic.mkdir(parents=True, exist_ok=True)
        power.losing = self._lose

    def write_pieces(self, path: Path, pieces: Iterable[bytes], mode: int) -> None:
        self._power.step(f"write {path.name}")
        if not path.exists():
            self._new_name(path)
        self._unsynced.add(path)

        def halves() -> Iterable[bytes]:
            for piece in pieces:
                yield piece[: len(piece) // 2]
                self._power.step(f"half of {path.name}")
                yield piece[len(piece) // 2 :]

        super().write_pieces(path, halves(), mode)

    def sync_file(self, path: Path) -> None:
        self._power.step(f"sync {path.name}")
        if path.is_dir():
            self._undo = [(folder, undo) for folder, undo in self._undo if folder != path]
        else:
            self._unsynced.discard(path)

    def sync_all(self) -> None:
        self._power.step("sync all")
        self._undo.clear()
        self._unsynced.clear()

    def rename(self, old: Path, new: Path) -> None:
        self._power.step(f"rename to {new.name}")
        before = self._kept(new)
        super().rename(old, new)
        moved = {path for path in self._unsynced if path == old or old in path.parents}
        self._unsynced -= moved
        self._unsynced |= {new / path.relative_to(old) if path != old else new for path in moved}

        def undo() -> None:
            os.replace(new, old)
            if before is not None:
                os.replace(before, new)

        self._undo.append((new.parent, undo))
        self._power.step(f"renamed to {new.name}")

    def link(self, path: Path, target: str) -> None:
        self._power.step(f"link {path.name}")
        super().link(path, target)
        self._new_name(path)

    def make_folder(self, path: Path) -> None:
        self._power.step(f"folder {path.name}")
        if not path.exists():
            self._new_name(path)
        super().make_folder(path)

    def remove(self, path: Path) -> None:
        if not path.exists() and not path.is_symlink():
            return
        self._power.step(f"remove {path.name}")
        whole = path.is_dir() and not path.is_symlink()
        if whole:
            # Half of a folder goes first, as rmtree does it.
            for inner in sorted(path.rglob("*"))[::2]:
                if inner.is_symlink() or inner.is_file():
                    inner.unlink()
            self._power.step(f"half of {path.name} removed")
        before = None if whole else self._kept(path)
        super().remove(path)
        if before is not None:
            kept = before
            self._undo.append((path.parent, lambda: os.replace(kept, path)))
        self._power.step(f"removed {path.name}")

    def _new_name(self, path: Path) -> None:
        def undo() -> None:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

        self._undo.append((path.parent, undo))

    def _kept(self, path: Path) -> Path | None:
        """A copy of what stands there, apart."""
        if not path.exists() and not path.is_symlink():
            return None
        copy = self._attic / f"{len(list(self._attic.iterdir()))}"
        if path.is_symlink():
            copy.symlink_to(os.readlink(path))
        elif path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
        else:
            shutil.copy2(path, copy)
        return copy

    def _lose(self) -> None:
        if self._loss == "kill":
            return
        for path in self._unsynced:
            if path.is_file():
                os.truncate(path, 0)
        if self._loss == "forgotten":
            for _, undo in reversed(self._undo):
                undo()
