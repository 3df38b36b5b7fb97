"""The deed of opening the door: the row on the disk, the bounded pulse, its result, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from device.core import actions as a
from device.core import events as e
from device.core.states import Person
from device.services.audit_rows import AuditError, of_opening
from device.services.ledger import Ledger
from protocol.audit import AuditWhat
from protocol.door import DoorState

log = logging.getLogger(__name__)

Reason = Literal["malformed", "right", "challenge", "passkey", "busy", "fault", "rate"]
# The machine answers at once; when it does not, the doorbell is stopping.
ANSWER_LIMIT_S = 2.0
_SILENT = "The doorbell is stopping or busy, and the door stays locked. Try again in a minute."
_BROKEN_OFF = "broken off before the lock had answered."
_OPENED = "the lock opened for {:g} s."
_ENDED = "the door is locked again."


class UnlockLedger(Ledger, Protocol):
    """The audit log; `write` returns the row's number when it is on the disk, or AuditError."""

    async def write(
        self,
        what: AuditWhat,
        *,
        who: str = "",
        name: str = "",
        detail: str = "",
        evidence: str = "",
    ) -> int: ...


class Machine(Protocol):
    """The doorbell's state machine: its pulse is bounded whatever is asked here."""

    @property
    def pulse_s(self) -> float: ...

    async def ask(self, event: Callable[[int], e.Event]) -> a.Grant | a.Refuse: ...


class RefusedError(Exception):
    """Why the door stays locked; `bad` counts toward the lockout, `noted` is in the log."""

    def __init__(
        self, reason: Reason, detail: str, *, bad: bool = False, noted: bool = False
    ) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.bad = bad
        self.noted = noted


@dataclass(frozen=True, slots=True)
class _Opening:
    row: int
    by: Person


class Opener:
    """Opens for whoever was found to be allowed. `state(door)` must hear of every change."""

    def __init__(self, audit: UnlockLedger, machine: Machine) -> None:
        self._audit = audit
        self._machine = machine
        self._lock_open = False
        self._opening: _Opening | None = None

    @property
    def pulse_s(self) -> float:
        return self._machine.pulse_s

    async def open(self, by: Person, evidence: str, still_may: Callable[[], None]) -> int:
        """The number of the row. RefusedError when the door stays locked; that is noted, too."""
        row = 0
        try:
            row = await self._audit.write(
                "unlock_granted", who=by.id, name=by.name, evidence=evidence
            )
            # The disk took its time, and an admin may have used it.
            still_may()
            await self._pulse(by)
        except (AuditError, RefusedError) as error:
            self._note("unlock_failed", _Opening(row, by), str(error))
            reason = error.reason if isinstance(error, RefusedError) else "fault"
            raise RefusedError(reason, str(error), noted=True) from error
        except BaseException:
            self._break_off(_Opening(row, by))
            raise
        self._opened(_Opening(row, by))
        return row

    def state(self, door: DoorState) -> None:
        """The door as it is now: an opening ends when the lock is not open any more."""
        self._lock_open = door.lock == "unlocked"
        if not self._lock_open and self._opening is not None:
            opening, self._opening = self._opening, None
            self._note("unlock_ended", opening, _ENDED)

    async def _pulse(self, by: Person) -> None:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                outcome = await self._machine.ask(partial(e.UnlockWanted, by=by))
        except TimeoutError as error:
            if self._opened_unseen:
                return
            raise RefusedError("fault", _SILENT) from error
        if isinstance(outcome, a.Refuse):
            raise RefusedError(outcome.reason, outcome.detail)

    def _opened(self, opening: _Opening) -> None:
        log.info("opened for %s, row %d", opening.by.id, opening.row)
        self._note("unlock_done", opening, _OPENED.format(self.pulse_s))
        if self._lock_open:
            self._opening = opening
        else:
            self._note("unlock_ended", opening, _ENDED)

    def _break_off(self, opening: _Opening) -> None:
        """Nobody waits any more."""
        if self._opened_unseen:
            self._opened(opening)
        else:
            self._note("unlock_failed", opening, _BROKEN_OFF)

    @property
    def _opened_unseen(self) -> bool:
        """The lock has opened in the moment in which its answer was given up."""
        return self._lock_open and self._opening is None

    def _note(self, what: AuditWhat, opening: _Opening, sentence: str) -> None:
        by = opening.by
        self._audit.note(what, who=by.id, name=by.name, detail=of_opening(opening.row, sentence))
