"""Rings that are told before they are on the disk: a disk may take a second, a visitor does not.

A ring that was told and then lost with the server is reported again by its doorbell, because it
was never confirmed; then it is told a second time, which is better than not at all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from protocol.api import VisitEvent
from protocol.door import Visit
from protocol.link import Report, VisitMoment, VisitOpened

# Reports that wait for the disk at the same time; a press makes two.
REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Told:
    """Which report was told, and how."""

    epoch: str
    sequence: int
    visit: Visit


class Herald:
    """Makes events of reports that cannot wait. For one event loop; no I/O."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._told: dict[str, deque[Told]] = {}

    def foretell(self, doorbell: str, report: Report) -> VisitEvent | None:
        """The event of a ring that nobody was told of, or None."""
        if self.told(doorbell, report) is not None:
            return None
        event = self._event(doorbell, report)
        if event is not None:
            self._visits[doorbell] = event.visit
            told = self._told.setdefault(doorbell, deque(maxlen=REMEMBERED))
            told.append(Told(report.epoch, report.sequence, event.visit))
        return event

    def told(self, doorbell: str, report: Report) -> Visit | None:
        """The visit as `foretell` has told it on this report, or None."""
        for told in self._told.get(doorbell, ()):
            if (told.epoch, told.sequence) == (report.epoch, report.sequence):
                return told.visit
        return None

    def knows(self, doorbell: str, visit: str) -> bool:
        """Whether this is the visit of the doorbell that was told last, kept or not."""
        newest = self._visits.get(doorbell)
        return newest is not None and newest.id == visit

    def kept(self, event: VisitEvent) -> None:
        """A visit as it is on the disk now."""
        self._visits[event.visit.doorbell] = event.visit

    def _event(self, doorbell: str, report: Report) -> VisitEvent | None:
        what = report.what
        if isinstance(what, VisitOpened) and what.cause == "press":
            visit = Visit(
                id=what.visit, doorbell=doorbell, cause="press", opened_ms=what.at_ms,
                rang_ms=what.at_ms,
            )  # fmt: skip
            return VisitEvent(change="opened", visit=visit)
        if isinstance(what, VisitMoment) and what.moment.what == "rang":
            return self._rang(doorbell, what)
        return None

    def _rang(self, doorbell: str, what: VisitMoment) -> VisitEvent | None:
        visit = self._visits.get(doorbell)
        if visit is None or visit.id != what.visit or visit.closed_ms is not None:
            return None
        rang_ms = what.moment.at_ms if visit.rang_ms is None else visit.rang_ms
        moments = (*visit.moments, what.moment)
        rung = visit.model_copy(update={"rang_ms": rang_ms, "moments": moments})
        return VisitEvent(change="rang", visit=rung)
