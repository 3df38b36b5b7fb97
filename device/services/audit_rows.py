"""What goes into the audit log before it has a number, and how results name their opening."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocol.audit import AuditRow, AuditWhat

# As AuditRow has them.
WHO_LIMIT, NAME_LIMIT, DETAIL_LIMIT, EVIDENCE_LIMIT = 40, 60, 300, 8 * 1024
# The year 2286, as UnixMs has it.
LAST_MS = 10**13
_OPENING = re.compile(r"Row (\d{1,18}): ")


class AuditError(RuntimeError):
    """The log cannot be read or written; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened. `trusted` tells whether anybody would vouch for `at_ms`."""

    monotonic_ms: int
    at_ms: int
    trusted: bool


StampNow = Callable[[], Stamp]


@dataclass(frozen=True, slots=True)
class Draft:
    """A row without its number. Too long texts are cut: what happened is kept in any case."""

    what: AuditWhat
    stamp: Stamp
    who: str = ""
    name: str = ""
    detail: str = ""
    evidence: str = ""

    def row(self, number: int, boot: str) -> AuditRow:
        return AuditRow(
            number=number,
            boot=boot,
            monotonic_ms=max(0, self.stamp.monotonic_ms),
            at_ms=writable(self.stamp.at_ms),
            clock=self.stamp.trusted,
            what=self.what,
            who=_plain(self.who)[:WHO_LIMIT],
            name=_plain(self.name)[:NAME_LIMIT],
            detail=_plain(self.detail)[:DETAIL_LIMIT],
            evidence=_plain(self.evidence)[:EVIDENCE_LIMIT],
        )


def of_opening(row: int, sentence: str) -> str:
    """The detail of a result: which opening it belongs to, and what became of it."""
    return f"Row {row}: {sentence}"


class Openings:
    """The openings whose end was not written down, found by reading the log once."""

    def __init__(self) -> None:
        self._open: dict[int, AuditRow] = {}

    def read(self, row: AuditRow) -> None:
        if row.what == "unlock_granted":
            self._open[row.number] = row
        elif row.what in ("unlock_ended", "unlock_failed") and (
            named := _OPENING.match(row.detail)
        ):
            self._open.pop(int(named[1]), None)

    @property
    def unfinished(self) -> Mapping[int, AuditRow]:
        return self._open


def writable(at_ms: int) -> int:
    """The time as UnixMs can hold it; a clock may say anything."""
    return min(max(0, at_ms), LAST_MS)


def _plain(text: str) -> str:
    """Half a surrogate pair cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
