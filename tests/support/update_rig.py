"""A doorbell that is updated: its folder, and a service and a voice that do as `current` says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from protocol.identity import Identity
from protocol.updates import System, Wish
from tests.support.update_bundles import SYSTEM
from updater.disk import Disk
from updater.health import Answer
from updater.install import Installer, Surroundings
from updater.slots import SlotName
from updater.store import Store


def _nothing(what: str) -> None:
    """For a rig whose power is never cut."""


class QuickDisk(Disk):
    """Waits for no card: what it is about to keep in a power cut is tested elsewhere."""

    def sync_file(self, path: Path) -> None:
        path.stat()

    def sync_all(self) -> None:
        """Nothing waits."""


class LeapingClock:
    """Nobody waits: sleeping moves the time on. `at` is called with each new time."""

    def __init__(self) -> None:
        self.time = 0.0
        self.at: Callable[[float], None] = lambda now: None

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.at(self.time)


@dataclass
class Door:
    """The doorbell as one thing: the service that runs it, and what it says.

    What runs is kept in a file, because the updater's process may die and the doorbell lives on.
    `bad` versions never become ready; `blind` ones run without a camera.
    """

    folder: Path
    bad: Collection[str] = ()
    blind: Collection[str] = ()
    busy: bool = False
    step: Callable[[str], None] = _nothing
    restarts: list[str] = field(default_factory=list)

    def start(self) -> str:
        """What `launch` does; the version that runs then."""
        version = launched(self.folder)
        (self.folder / "running").write_text(version)
        return version

    def restart(self) -> None:
        self.step("restart")
        self.restarts.append(self.start())
        self.step("restarted")

    def process(self) -> int | None:
        return None if self._version in self.bad else 4000 + len(self.restarts)

    def ask(self) -> Answer | None:
        version = self._version
        if version in self.bad:
            return None
        return Answer(version, self.busy, ("camera",) if version in self.blind else ())

    @property
    def _version(self) -> str:
        return (self.folder / "running").read_text()


class Rig:
    """Everything around one Store, on a real file system."""

    def __init__(
        self, folder: Path, signers: Collection[Identity], *, disk: Disk | None = None,
        system: System = SYSTEM, interpreter: str = "/bin/true",
    ) -> None:  # fmt: skip
        self.folder, self.mailbox = folder, folder / "mailbox"
        self.mailbox.mkdir(parents=True, exist_ok=True)
        self.door, self.clock = Door(folder), LeapingClock()
        if not (folder / "running").exists():
            self.door.start()
        self.store = Store(folder / "updates", disk or QuickDisk(), system)
        keys = tuple(signer.public for signer in signers)
        self.installer = Installer(
            self.store,
            Surroundings(system, keys, self.door, self.door, self.clock, interpreter),
        )

    def install(self, bundle: Path | bytes, *, older: bool = False) -> None:
        raw = bundle if isinstance(bundle, bytes) else bundle.read_bytes()
        path = self.folder / "brought"
        path.write_bytes(raw)
        with path.open("rb") as file:
            self.installer.install(file, older=older)

    def wish(self, bundle: Path, number: str = "wish-0001") -> Wish:
        (self.mailbox / bundle.name).write_bytes(bundle.read_bytes())
        wish = Wish(id=number, do="install", bundle=bundle.name)
        (self.mailbox / "wish.json").write_text(wish.model_dump_json())
        return wish

    def in_force(self) -> str:
        return self.store.version_of(self.store.state.in_force)

    def slot(self, name: SlotName) -> Path:
        return self.store.path(name)


def launched(folder: Path) -> str:
    """The version that `launch` starts: of the slot in force if its Python is there."""
    current = folder / "updates" / "current"
    if not os.access(current / "bin" / "python", os.X_OK):
        return SYSTEM.package
    found = list(current.glob("lib/python3*/site-packages/doorstep-*.dist-info"))
    return found[0].name.removeprefix("doorstep-").removesuffix(".dist-info") if found else "broken"


def fingerprint(tree: Path) -> str:
    """Of all names, links and contents; `bin` is not a bundle's."""
    digest = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        if path.relative_to(tree).parts[0] == "bin":
            continue
        what = os.readlink(path).encode() if path.is_symlink() else b""
        what = path.read_bytes() if not what and path.is_file() else what
        digest.update(f"{path.relative_to(tree)}\0{len(what)}\0".encode() + what)
    return digest.hexdigest()
