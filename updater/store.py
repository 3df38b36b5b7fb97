"""The updater's folder: the state, the two slots, and `current`, which the doorbell starts from.

/var/lib/doorstep-update/
  state.json     what is meant
  pending        there while an update is under way: the check at boot looks for nothing else
  slots/a b      complete trees, each shaped like the package's
  slots/a.new    one that is being unpacked
  current        link to the slot in force; the package's tree where there is none
  status.json    the same for everybody to read
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from protocol.updates import Progress, System, Version
from updater.disk import Disk, replace_file, replace_link
from updater.slots import SLOTS, Event, SlotName, State, after

log = logging.getLogger(__name__)

FOLDER = Path("/var/lib/doorstep-update")
# A state of two slots and a sentence has less than 2 kB.
STATE_LIMIT_BYTES = 64 * 1024

_STATE: TypeAdapter[State] = TypeAdapter(State)
_FLOOR: TypeAdapter[str] = TypeAdapter(Version)


class Store:
    """Keeps one State, and makes the disk agree with it."""

    def __init__(self, folder: Path, disk: Disk, system: System) -> None:
        """OSError when the folder cannot be made."""
        self.folder, self.disk = folder, disk
        self._system = system
        self.state_file, self.current = folder / "state.json", folder / "current"
        self.pending, self.status_file = folder / "pending", folder / "status.json"
        self.slots, self.floor_file = folder / "slots", folder / "floor"
        self.incoming = folder / "incoming"
        for each in (folder, self.slots):
            each.mkdir(mode=0o755, exist_ok=True)
        self.state = self._read()

    def happen(self, event: Event) -> State:
        """Step, write the new state down, and make `current` agree with it. OSError."""
        new = after(self.state, event)
        if new.floor != self.state.floor:
            replace_file(self.disk, self.floor_file, new.floor.encode())
        if new.step != "idle" and not self.pending.exists():
            self.disk.write(self.pending, b"")
            self.disk.sync_file(self.folder)
        replace_file(self.disk, self.state_file, _STATE.dump_json(new))
        self.state = new
        self.enforce()
        return self.state

    def enforce(self) -> bool:
        """Whether `current` had to be changed to agree with the state. OSError."""
        changed = self._point_to(self.state.link)
        self.tidy()
        if self.state.step == "idle" and self.pending.exists():
            self.disk.remove(self.pending)
        self.publish()
        return changed

    def tidy(self) -> None:
        """Remove what the state does not know: remains of what was interrupted."""
        for slot in SLOTS:
            if self.state.occupant(slot) is None:
                self.disk.remove(self.path(slot))
        if self.state.step != "unpacking":
            for path in (self.incoming, *self.slots.glob("*.new")):
                self.disk.remove(path)

    def path(self, slot: SlotName) -> Path:
        return self.slots / slot

    def is_startable(self, slot: SlotName | None) -> bool:
        """Whether `current` could point there."""
        return slot is None or os.access(self.path(slot) / "bin" / "python", os.X_OK)

    def publish(self) -> None:
        """Let everybody read how it stands; worth neither failing nor waiting for the card."""
        temporary = self.status_file.with_name("status.json.new")
        try:
            self.disk.write(temporary, self.progress().model_dump_json().encode())
            self.disk.rename(temporary, self.status_file)
        except OSError as error:
            log.warning("the status cannot be written: %s", error)

    def progress(self) -> Progress:
        state, trouble = self.state, self.state.trouble
        target = state.occupant(state.target)
        return Progress(
            step=state.step,
            version=self.version_of(state.in_force),
            former=self.version_of(state.former) if state.has_former else "",
            floor=state.floor,
            target=target.version if target else "",
            wish=state.done,
            failed=trouble.version if trouble else "",
            trouble=trouble.what if trouble else None,
            detail=trouble.sentence if trouble else "",
            rolled_back=trouble.rolled_back if trouble else False,
        )

    def version_of(self, slot: SlotName | None) -> str:
        occupant = self.state.occupant(slot)
        return occupant.version if occupant else self._system.package

    def _point_to(self, slot: SlotName | None) -> bool:
        if slot is None:
            was_there = self.current.is_symlink()
            if was_there:
                self.disk.remove(self.current)
                self.disk.sync_file(self.folder)
            return was_there
        wanted = f"slots/{slot}"
        if self.current.is_symlink() and os.readlink(self.current) == wanted:
            return False
        replace_link(self.disk, self.current, wanted)
        return True

    def _read(self) -> State:
        """What is kept; without it, or when nobody can read it, only the package's tree counts."""
        try:
            with self.state_file.open("rb") as file:
                return _STATE.validate_json(file.read(STATE_LIMIT_BYTES))
        except FileNotFoundError:
            return State(floor=self._floor())
        except ValidationError:
            log.error(
                "%s cannot be read, so the doorbell starts from its package. Install the update"
                " once more.",
                self.state_file,
            )
            return State(floor=self._floor())

    def _floor(self) -> str:
        """It outlives a state that cannot be read."""
        try:
            return _FLOOR.validate_python(self.floor_file.read_text("ascii").strip())
        except (OSError, ValueError):
            return "0.0"


def describe(state: State) -> str:
    """The state as JSON for people who look closely."""
    return json.dumps(dataclasses.asdict(state), indent=2)
