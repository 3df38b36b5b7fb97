"""Carries an update out, step by step, and takes up what somebody before us had to leave."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from protocol.identity import PublicKey
from protocol.updates import Manifest, System, Wish, order
from updater import slots as s
from updater.bundle import copy_payload, read_header
from updater.errors import BusyError, UpdateError, of_disk
from updater.health import (
    LOOK_EVERY_S,
    READY_LIMIT_S,
    STEADY_S,
    Clock,
    Doorbell,
    Service,
    trouble_after_start,
)
from updater.mailbox import bundle_of
from updater.slots import Occupant, SlotName, Trouble
from updater.store import Store
from updater.unpack import unpack

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# The longest visit is an hour by its setting; somebody who stands there longer will be told.
QUIET_LIMIT_S = 3900.0
# The log, clips that wait and the system itself want to write as well.
SPARE_BYTES = 64 * 1024 * 1024
# As the package links it: after an upgrade of the system it leads nowhere, and the package runs.
INTERPRETER = "/usr/bin/python{}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an installation works with."""

    system: System
    keys: tuple[PublicKey, ...]
    service: Service
    doorbell: Doorbell
    clock: Clock
    interpreter: str = INTERPRETER
    steady_s: float = STEADY_S
    ready_limit_s: float = READY_LIMIT_S


class Installer:
    """Works on one Store. Methods raise UpdateError; it is then also in the state."""

    def __init__(self, store: Store, around: Surroundings) -> None:
        self._store, self._around = store, around

    # What is asked for.

    def install(self, file: BinaryIO, wish: str = "", *, older: bool = False) -> None:
        """Verify, unpack and try a bundle. Returns when it rings; UpdateError when it does not."""
        self._need_idle()
        manifest = self._guarded(lambda: self._verified(file, older), wish)
        self._guarded(lambda: self._unpacked(manifest, wish), wish)
        self.go_on()
        if (trouble := self._store.state.trouble) is not None:
            raise UpdateError(trouble.what, trouble.sentence)

    def roll_back(self, wish: str = "") -> None:
        """Go back to what was in force before, in a quiet moment."""
        self._need_idle()
        self._guarded(self._check_former, wish)
        self._wait_for_quiet()
        self._store.happen(s.WentBack(wish))
        self.go_on()

    def confirm(self) -> None:
        """A person vouches for the version on trial."""
        if self._store.state.step != "trying":
            raise UpdateError("fault", "No version is on trial, so there is nothing to confirm.")
        self._store.happen(s.Healthy())

    def obey(self, wish: Wish | None, mailbox: Path) -> None:
        """Do what the doorbell wants, once."""
        if wish is None or not self.has_open(wish):
            return
        if wish.do == "rollback":
            self.roll_back(wish.id)
            return
        with self._guarded(lambda: bundle_of(mailbox, wish), wish.id) as file:
            self.install(file, wish.id)

    def has_open(self, wish: Wish | None) -> bool:
        """Whether this is a wish that is not done with."""
        return wish is not None and wish.id != self._store.state.done

    # What is found.

    def check_at_boot(self) -> None:
        """Before the doorbell starts: count the trial, go back if it was one too many. OSError."""
        self._store.happen(s.Interrupted())
        self.settle()
        if self._store.state.step == "returning":
            self._tell_return()
            self._store.happen(s.Returned())

    def take_up(self) -> None:
        """Whatever was left unfinished, finish it."""
        if self._store.enforce():
            self._around.service.restart()
        state = self._store.state
        if state.step == "unpacking" or (state.step == "trying" and state.attended):
            self._store.happen(s.Interrupted())
        self.settle()
        self.go_on()

    def settle(self) -> None:
        """Drop slots that the package has overtaken, or that another system was the home of."""
        state = self._store.state
        if state.step == "ready" and (why := self._useless(state.target)):
            self._note(UpdateError("too_old", f"The update is of no use any more: {why}."), "")
        for slot in s.SLOTS:
            if self._store.state.step == "idle" and (why := self._useless(slot)):
                log.info("the update in slot %s goes: %s", slot, why)
                self._store.happen(s.Dropped(slot))

    def go_on(self) -> None:
        """From wherever the state is to the end of it."""
        if self._store.state.step == "ready":
            self._wait_for_quiet()
            self._begin_trial()
            self._watch_trial(started=False)
        if self._store.state.step == "trying":
            self._watch_trial(started=self._runs_target())
        if self._store.state.step == "returning":
            self._return()

    # Steps.

    def _verified(self, file: BinaryIO, older: bool) -> Manifest:
        manifest = read_header(file, self._around.keys)
        if refusal := self._around.system.refusal_of(manifest):
            raise UpdateError("wrong_system", refusal)
        self._check_age(manifest, older)
        self._check_space(manifest)
        self._store.disk.remove(self._store.incoming)
        copy_payload(file, manifest, self._store.incoming)
        return manifest

    def _check_age(self, manifest: Manifest, older: bool) -> None:
        state, version = self._store.state, manifest.version
        if order(version) < order(state.floor):
            raise UpdateError(
                "too_old",
                f"Version {version} is older than {state.floor}, the oldest that is still safe"
                " here. Install a newer one.",
            )
        package, runs = self._around.system.package, self._store.version_of(state.in_force)
        least = package if older else max(package, runs, key=order)
        if order(version) <= order(least):
            raise UpdateError(
                "too_old",
                f"Version {version} is not newer than {least}, which is here already."
                " Install a newer one.",
            )

    def _check_space(self, manifest: Manifest) -> None:
        found = os.statvfs(self._store.folder)
        needed = manifest.size + manifest.unpacked + SPARE_BYTES
        spare = self._store.state.spare
        if self._store.state.occupant(spare) is not None:
            needed -= manifest.unpacked // 2
        if (free := found.f_bavail * found.f_frsize) < needed:
            raise UpdateError(
                "space",
                f"The update needs {needed // 2**20} MB and {free // 2**20} MB are free."
                " Free some of the card and try again.",
            )

    def _unpacked(self, manifest: Manifest, wish: str) -> None:
        store, disk = self._store, self._store.disk
        slot = store.state.spare
        store.happen(s.Accepted(wish))
        raw = store.slots / f"{slot}.new"
        disk.remove(raw)
        unpack(store.incoming, raw, manifest, disk)
        self._complete(raw, manifest)
        disk.sync_all()
        disk.rename(raw, store.path(slot))
        disk.sync_file(store.slots)
        store.happen(s.Unpacked(_occupant_of(manifest)))
        log.info("version %s is unpacked into slot %s", manifest.version, slot)

    def _complete(self, tree: Path, manifest: Manifest) -> None:
        """The interpreter is this system's own, so no bundle brings or names one."""
        disk = self._store.disk
        disk.remove(tree / "bin")
        disk.make_folder(tree / "bin")
        disk.link(tree / "bin" / "python", self._around.interpreter.format(manifest.python))
        if not (tree / "pyvenv.cfg").is_file():
            raise UpdateError(
                "broken", "The update holds no programs of Doorstep. Download it again."
            )

    def _begin_trial(self) -> None:
        answer = self._around.doorbell.ask()
        self._store.happen(s.Quiet(answer.working if answer else ()))

    def _runs_target(self) -> bool:
        """Whether the doorbell has been started from the slot on trial, such as at boot."""
        answer = self._around.doorbell.ask()
        target = self._store.version_of(self._store.state.target)
        return answer is not None and answer.version == target

    def _watch_trial(self, *, started: bool) -> None:
        store, around = self._store, self._around
        state = store.happen(s.Attended())
        version = store.version_of(state.target)
        log.info("version %s is on trial", version)
        try:
            if not started:
                around.service.restart()
            wrong = trouble_after_start(
                around.service, around.doorbell, around.clock, version, state.worked,
                steady_s=around.steady_s, limit_s=around.ready_limit_s,
            )  # fmt: skip
        except UpdateError as error:
            wrong = str(error).rstrip(".")
        if wrong is None:
            store.happen(s.Healthy())
            log.info("version %s is in force", version)
        else:
            store.happen(s.Failed(_unhealthy(version, wrong)))

    def _return(self) -> None:
        """Urgent: what runs now does not ring, so nobody is asked."""
        self._tell_return()
        self._around.service.restart()
        self._store.happen(s.Returned())

    def _tell_return(self) -> None:
        state = self._store.state
        version = self._store.version_of(state.in_force)
        if state.trouble is None:
            log.info("back to version %s", version)
        else:
            log.error("back to version %s: %s", version, state.trouble.sentence)

    # Conditions.

    def _need_idle(self) -> None:
        if self._store.state.step != "idle":
            raise BusyError("An update is under way. Wait until `doorstep update status` is idle.")

    def _check_former(self) -> None:
        state = self._store.state
        if not state.has_former or not self._store.is_startable(state.former):
            raise UpdateError("no_former", "There is no former version to go back to.")
        version = self._store.version_of(state.former)
        if order(version) < order(state.floor):
            raise UpdateError(
                "too_old",
                f"The former version {version} is not safe any more; {state.floor} is the oldest"
                " that may run. Install a newer one instead.",
            )

    def _wait_for_quiet(self) -> None:
        """Until nobody is at the door and no call is open. BusyError; it is tried again later."""
        clock = self._around.clock
        end_s = clock.now() + QUIET_LIMIT_S
        while (answer := self._around.doorbell.ask()) is not None and answer.busy:
            if clock.now() >= end_s:
                raise BusyError("Somebody is at the door, or calls; the update waits for them.")
            clock.sleep(LOOK_EVERY_S)

    def _useless(self, slot: SlotName | None) -> str:
        occupant, system = self._store.state.occupant(slot), self._around.system
        if occupant is None:
            return ""
        home = (occupant.suite, occupant.architecture, occupant.python)
        if home != (system.suite, system.architecture, system.python):
            return "it is for another system"
        if order(occupant.version) < order(system.package):
            return "the package is newer"
        if not self._store.is_startable(slot):
            return "it cannot be started"
        return ""

    def _guarded(self, do: Callable[[], Result], wish: str) -> Result:
        """Whatever goes wrong before a trial is written down, and leaves everything as it was."""
        try:
            return do()
        except UpdateError as error:
            refusal = error
        except OSError as error:
            refusal = of_disk(error)
        log.error("%s", refusal)
        self._note(refusal, wish)
        raise refusal

    def _note(self, refusal: UpdateError, wish: str) -> None:
        try:
            self._store.happen(s.Failed(Trouble(refusal.trouble, str(refusal)[:300]), wish))
        except OSError as error:
            log.warning("this cannot be written down: %s", error)


def _occupant_of(manifest: Manifest) -> Occupant:
    return Occupant(
        version=manifest.version,
        sha256=manifest.sha256,
        floor=manifest.floor,
        suite=manifest.suite,
        architecture=manifest.architecture,
        python=manifest.python,
    )


def _unhealthy(version: str, wrong: str) -> Trouble:
    return Trouble(
        "unhealthy",
        f"Version {version} was tried and taken back: {wrong}."
        " Nothing needs to be done; wait for the next one.",
        version,
    )
