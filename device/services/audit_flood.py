"""Floods in the audit log: many events of a kind become one row with their number.

Whoever can make the doorbell refuse something, a hostile server first of all, must neither fill
the card nor push the rest out of sight; and nothing that happened goes uncounted.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.audit import AuditWhat

# A household does not do as much of anything in a minute.
BURST = 60
# Ordinary things happen again; a refusal that repeats says nothing new, and its rows may be as
# large as whoever causes it likes.
REFILL_S, REFUSED_REFILL_S = 1.0, 60.0
REFUSALS: frozenset[AuditWhat] = frozenset({"call_refused", "pairing_refused", "unlock_refused"})
SUMMARY_EVERY_S = 60.0


@dataclass(slots=True)
class _Kind:
    left: float
    at_s: float
    uncounted: int = 0
    since_s: float = 0.0


class Flood:
    """A bucket for each kind; what does not fit is counted. All times are monotonic seconds."""

    def __init__(self) -> None:
        self._kinds: dict[AuditWhat, _Kind] = {}

    def admits(self, what: AuditWhat, now_s: float) -> bool:
        """Whether this one may have a row of its own; takes its place if so."""
        kind = self._kinds.setdefault(what, _Kind(BURST, now_s))
        refill_s = REFUSED_REFILL_S if what in REFUSALS else REFILL_S
        kind.left = min(BURST, kind.left + max(0.0, now_s - kind.at_s) / refill_s)
        kind.at_s = now_s
        if kind.left < 1:
            return False
        kind.left -= 1
        return True

    def count(self, what: AuditWhat, now_s: float) -> None:
        """One more that has no row of its own."""
        kind = self._kinds.setdefault(what, _Kind(BURST, now_s))
        if not kind.uncounted:
            kind.since_s = now_s
        kind.uncounted += 1

    def due(self, now_s: float = float("inf")) -> list[tuple[AuditWhat, int]]:
        """Kinds whose number is to be written by now; they begin anew."""
        found: list[tuple[AuditWhat, int]] = []
        for what, kind in self._kinds.items():
            if kind.uncounted and now_s - kind.since_s >= SUMMARY_EVERY_S:
                found.append((what, kind.uncounted))
                kind.uncounted = 0
        return found

    def next_due_s(self) -> float | None:
        """When `due` will have something to say."""
        waiting = [kind.since_s for kind in self._kinds.values() if kind.uncounted]
        return min(waiting) + SUMMARY_EVERY_S if waiting else None


def summary(count: int) -> str:
    """The detail of a row that stands for many."""
    return f"{count} more of these happened within a minute and are not listed one by one."
