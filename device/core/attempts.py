"""How often somebody may try to open the door, and how long to wait after trying wrongly.

The bounds are for each phone, so that one that misbehaves does not lock the others out. Times
are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

# Nobody opens one door more often; a program that holds a phone would.
LIMIT, WINDOW_S = 6, 60.0
# Three proofs that do not fit are no accident; a minute spoils every plan to go on trying.
BAD_LIMIT, LOCKOUT_S = 3, 60.0
# Names that are remembered; a household has fewer, and its phones alone come this far.
NAMES_LIMIT = 256


@dataclass(frozen=True, slots=True)
class _Record:
    admitted: tuple[float, ...] = ()
    bad: int = 0
    locked_until_s: float = float("-inf")


class Attempts:
    """`wait_s` and `admit` before an opening; `bad` and `good` when it is known what it was."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._records: dict[str, _Record] = {}

    def wait_s(self, who: str) -> float:
        """How long this one has to wait, or 0."""
        now_s, record = self._monotonic(), self._record(who)
        if now_s < record.locked_until_s:
            return record.locked_until_s - now_s
        recent = [at_s for at_s in record.admitted if now_s - at_s < WINDOW_S]
        return recent[0] + WINDOW_S - now_s if len(recent) >= LIMIT else 0.0

    def admit(self, who: str) -> None:
        """It opens now: once more in this minute, and what was wrong before is forgiven."""
        now_s, record = self._monotonic(), self._record(who)
        recent = tuple(at_s for at_s in record.admitted if now_s - at_s < WINDOW_S)
        self._keep(who, replace(record, admitted=(*recent, now_s), bad=0))

    def bad(self, who: str) -> None:
        """A proof that did not fit."""
        record = self._record(who)
        bad = record.bad + 1
        if bad < BAD_LIMIT:
            self._keep(who, replace(record, bad=bad))
        else:
            until_s = self._monotonic() + LOCKOUT_S
            self._keep(who, replace(record, bad=0, locked_until_s=until_s))

    def _record(self, who: str) -> _Record:
        return self._records.get(who, _Record())

    def _keep(self, who: str, record: _Record) -> None:
        self._records.pop(who, None)
        self._records[who] = record
        while len(self._records) > NAMES_LIMIT:
            del self._records[next(iter(self._records))]
