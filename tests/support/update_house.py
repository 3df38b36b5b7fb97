"""A whole stack whose doorbell is updated for real: a web server, the installer, other versions.

What a slot changes of the doorbell here is the version that it calls itself; its code is the
source's all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from protocol.identity import Identity
from protocol.updates import System
from scripts.bundle import Release, make, new_key
from scripts.stack import Stack
from tests.support.update_bundles import AMD64, ARM64, tree_of
from tests.support.update_rig import QuickDisk
from tests.support.update_server import UpdateServer, update_server
from updater.errors import UpdateError
from updater.health import DoorbellLine, SystemClock
from updater.install import Installer, Surroundings
from updater.keys import trusted_keys
from updater.mailbox import wish_in
from updater.store import Store
from updater.system import this_system

OLD, NEW = "1.0.0", "1.2.0"
NOTES = """Rings reach phones sooner on slow networks.
The close-up follows your finger.
Two faults at the lock are mended."""
LOOK_EVERY_S = 0.1
# As long as it takes to see two answers of one process; a start on a busy machine.
STEADY_S, READY_LIMIT_S = 2.0, 30.0


@dataclass
class ProcessService:
    """The doorbell's process in place of a unit: a restart starts what `current` says.

    `bad` versions end at once.
    """

    stack: Stack
    folder: Path
    bad: tuple[str, ...] = ()

    def restart(self) -> None:
        doorbell = self.stack.doorbell
        doorbell.stop()
        found = list((self.folder / "updates/current").glob("lib/python3*/site-packages"))
        site = found[0] if found else self.folder / "package"
        doorbell.environment = {**doorbell.environment, "PYTHONPATH": str(site)}
        if not any((site / f"doorstep-{version}.dist-info").exists() for version in self.bad):
            doorbell.start()

    def process(self) -> int | None:
        return self.stack.doorbell.pid if self.stack.doorbell.running else None


@dataclass
class UpdateHouse:
    """The parts of it."""

    stack: Stack
    server: UpdateServer
    service: ProcessService
    installer: Installer
    mailbox: Path

    async def work(self) -> None:
        """Be the unit: obey each wish."""
        while True:
            wish = wish_in(self.mailbox)
            if self.installer.has_open(wish):
                with contextlib.suppress(UpdateError):
                    await asyncio.to_thread(self.installer.obey, wish, self.mailbox)
            await asyncio.sleep(LOOK_EVERY_S)


@contextlib.asynccontextmanager
async def update_house(folder: Path) -> AsyncIterator[UpdateHouse]:
    """A doorbell of version OLD to which NEW is offered."""
    (folder / f"package/doorstep-{OLD}.dist-info").mkdir(parents=True)
    (folder / f"package/doorstep-{OLD}.dist-info/METADATA").write_text(f"Version: {OLD}\n")
    system = _system_of_old()
    _offer(folder, system)
    async with update_server(folder / "web") as (server, _):
        stack = Stack(folder, doorbell_options=_options(folder, server.url), environment={
            "PYTHONPATH": str(folder / "package"), "SSL_CERT_FILE": str(folder / "web/ca.crt"),
        })  # fmt: skip
        service = ProcessService(stack, folder)
        installer = Installer(
            Store(folder / "updates", QuickDisk(), system),
            Surroundings(
                system, trusted_keys(folder / "keys"), service,
                DoorbellLine(folder / "device/doorbell.sock"), SystemClock(), "/bin/true",
                STEADY_S, READY_LIMIT_S,
            ),
        )  # fmt: skip
        with stack:
            async with asyncio.TaskGroup() as group:
                house = UpdateHouse(stack, server, service, installer, folder / "mailbox")
                unit = group.create_task(house.work())
                yield house
                unit.cancel()
        print(stack.server.output, stack.doorbell.output)


def _system_of_old() -> System:
    here = this_system()
    return System(here.suite, here.architecture, here.python, OLD)


def _offer(folder: Path, system: System) -> None:
    (folder / "keys").mkdir()
    public = new_key(folder / "release.pem")
    public.rename(folder / "keys" / public.name)
    machine = AMD64 if platform.machine() == "x86_64" else ARM64
    tree = tree_of(folder, NEW, python=system.python, machine=machine)
    release = Release(NEW, OLD, NOTES, system.suite)
    make(tree, release, Identity.load_or_create(folder / "release.pem"), folder / "web")


def _options(folder: Path, url: str) -> tuple[str, ...]:
    return (
        "--updates-url", url, "--updates-keys", str(folder / "keys"),
        "--updates-mailbox", str(folder / "mailbox"), "--updates-slots", str(folder / "updates"),
    )  # fmt: skip
