"""Which tree the doorbell starts from, through every step of an update. Pure: a table and values.

The state is written down before the disk is made to agree with it, so whoever finds it after a
power cut knows what was meant. `link` is all that the disk has to agree with: the slot that
`current` points to, or None for the package's own tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from protocol.updates import InstallStep, UpdateTrouble, order

SlotName = Literal["a", "b"]
SLOTS: tuple[SlotName, SlotName] = ("a", "b")
# The first trial, and one more after whatever ended it, such as a power cut.
TRIES_LIMIT = 2
# A power supply that gives in whenever the processor works would otherwise end in a circle.
UNPACKING_LIMIT = 3


class SlotsError(RuntimeError):
    """That cannot happen in this step: a mistake of the caller."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """What a slot holds; `sha256` is of the payload that it was unpacked from."""

    version: str
    sha256: str
    floor: str
    suite: str
    architecture: str
    python: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong last, and with which version."""

    what: UpdateTrouble
    sentence: str
    version: str = ""
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """All that is kept. `former` is where to go back to by hand; None is the package's tree.

    `attended` tells that somebody watched the trial: if they find it again, they were interrupted.
    `worked` are the vital parts that worked before the trial. `doing` is the wish in work, `done`
    the last one that is over; `broken_off` counts how often its unpacking ended in the middle.
    """

    step: InstallStep = "idle"
    a: Occupant | None = None
    b: Occupant | None = None
    in_force: SlotName | None = None
    former: SlotName | None = None
    has_former: bool = False
    target: SlotName | None = None
    tries: int = 0
    attended: bool = False
    worked: tuple[str, ...] = ()
    floor: str = "0.0"
    doing: str = ""
    done: str = ""
    broken_off: int = 0
    trouble: Trouble | None = None

    def occupant(self, slot: SlotName | None) -> Occupant | None:
        if slot is None:
            return None
        return self.a if slot == "a" else self.b

    @property
    def link(self) -> SlotName | None:
        """Where `current` points; None: it is not there."""
        return self.target if self.step == "trying" else self.in_force

    @property
    def spare(self) -> SlotName:
        """The slot that an update may be unpacked into."""
        return "b" if self.in_force == "a" else "a"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A bundle is verified and will be unpacked into the spare slot, for this wish."""

    wish: str = ""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """All of it is on the disk."""

    what: Occupant


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody is at the door: the new version may be tried. `worked`: the parts it has to keep."""

    worked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attended:
    """Somebody watches the trial from now on."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """The new version rings."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What was under way has to end; before a trial nothing needs to be undone.

    `wish` is the one that was refused before anything was under way.
    """

    trouble: Trouble
    wish: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """What ran before runs again."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A power cut or the end of the updater: we find what the one before us left."""


@dataclass(frozen=True, slots=True)
class WentBack:
    """A person wants what was in force before."""

    wish: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A slot is of no use any more: the package is newer, or the system another."""

    slot: SlotName


Event = (
    Accepted | Unpacked | Quiet | Attended | Healthy | Failed | Returned | Interrupted | WentBack
    | Dropped
)  # fmt: skip
_LOST_POWER = (
    "The doorbell was interrupted twice before the new version was ready, so the former one is"
    " back. Check the power supply, then install it again."
)
_BROKEN_OFF = (
    "The update was interrupted three times while it was unpacked."
    " Check the power supply, then install it again."
)


def after(state: State, event: Event) -> State:
    """The state once this has happened; SlotsError where it cannot."""
    effect = TABLE.get((state.step, type(event)))
    if effect is None:
        raise SlotsError(f"{type(event).__name__} cannot happen while {state.step}.")
    return effect(state, event)


def _accept(state: State, event: Accepted) -> State:
    again = state.broken_off if event.wish and event.wish == state.doing else 0
    slot = state.spare
    begun = replace(state, step="unpacking", target=slot, doing=event.wish, broken_off=again)
    return _with_slot(begun, slot, None)


def _unpack(state: State, event: Unpacked) -> State:
    return _with_slot(replace(state, step="ready"), _target(state), event.what)


def _try(state: State, event: Quiet) -> State:
    return replace(state, step="trying", tries=1, attended=False, worked=event.worked)


def _attend(state: State, event: Attended) -> State:
    return replace(state, attended=True)


def _confirm(state: State, event: Healthy) -> State:
    slot = _target(state)
    occupant = state.occupant(slot)
    floor = max(state.floor, occupant.floor if occupant else "0.0", key=order)
    kept = replace(
        state, in_force=slot, former=state.in_force, has_former=True, floor=floor, trouble=None
    )
    return _over(kept)


def _refuse(state: State, event: Failed) -> State:
    return _over(replace(state, trouble=event.trouble, doing=event.wish))


def _abandon(state: State, event: Failed) -> State:
    """Before a trial: what was unpacked goes, what runs stays."""
    return _over(_with_slot(replace(state, trouble=event.trouble), _target(state), None))


def _return(state: State, event: Failed) -> State:
    return replace(state, step="returning", trouble=replace(event.trouble, rolled_back=True))


def _arrive(state: State, event: Returned) -> State:
    return _over(_with_slot(state, state.target, None) if state.target else state)


def _unpack_anew(state: State, event: Interrupted) -> State:
    """The wish stays, so that it is taken up again; but not for ever."""
    emptied = replace(_with_slot(state, _target(state), None), broken_off=state.broken_off + 1)
    if emptied.broken_off < UNPACKING_LIMIT:
        return _settled(emptied)
    return _over(replace(emptied, trouble=Trouble("fault", _BROKEN_OFF)))


def _try_once_more(state: State, event: Interrupted) -> State:
    if state.tries < TRIES_LIMIT:
        return replace(state, tries=state.tries + 1, attended=False)
    occupant = state.occupant(state.target)
    version = occupant.version if occupant else ""
    return _return(state, Failed(Trouble("unhealthy", _LOST_POWER, version)))


def _go_back(state: State, event: WentBack) -> State:
    if not state.has_former:
        raise SlotsError("There is nothing to go back to.")
    return replace(
        state, step="returning", in_force=state.former, former=state.in_force, doing=event.wish,
        trouble=None,
    )  # fmt: skip


def _drop(state: State, event: Dropped) -> State:
    """A tree that runs stays until what takes its place has been started."""
    if event.slot == state.in_force:
        return replace(state, step="returning", in_force=None, target=event.slot, trouble=None)
    return _with_slot(state, event.slot, None)


def _stay(state: State, event: Event) -> State:
    return state


def _over(state: State) -> State:
    """The wish is done with, well or badly."""
    done = state.doing or state.done
    return _settled(replace(state, done=done, doing="", broken_off=0))


def _settled(state: State) -> State:
    return replace(state, step="idle", target=None, tries=0, attended=False, worked=())


def _with_slot(state: State, slot: SlotName, what: Occupant | None) -> State:
    emptied = replace(state, a=what) if slot == "a" else replace(state, b=what)
    if what is None and state.has_former and state.former == slot:
        return replace(emptied, former=None, has_former=False)
    return emptied


def _target(state: State) -> SlotName:
    if state.target is None:
        raise SlotsError(f"There is no slot to fill while {state.step}.")
    return state.target


# Read it as: in this step, when this happens, then so. What is not here cannot happen.
TABLE: dict[tuple[InstallStep, type], Callable[[State, Any], State]] = {
    ("idle", Accepted): _accept,
    ("idle", Failed): _refuse,
    ("idle", WentBack): _go_back,
    ("idle", Interrupted): _stay,
    ("idle", Dropped): _drop,
    ("unpacking", Unpacked): _unpack,
    ("unpacking", Failed): _abandon,
    ("unpacking", Interrupted): _unpack_anew,
    ("ready", Quiet): _try,
    ("ready", Failed): _abandon,
    ("ready", Interrupted): _stay,
    ("trying", Attended): _attend,
    ("trying", Healthy): _confirm,
    ("trying", Failed): _return,
    ("trying", Interrupted): _try_once_more,
    ("returning", Returned): _arrive,
    ("returning", Interrupted): _stay,
}
