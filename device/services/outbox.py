"""Reports that the server has not confirmed yet. They survive a lost link, not a lost process."""

from __future__ import annotations

import asyncio
import logging
import secrets

from protocol.link import Occurrence, Report, VisitMoment, VisitOpened

log = logging.getLogger(__name__)

# Days of an ordinary door; what is beyond says less than the newest.
REPORTS_LIMIT = 1000
# What a household must not miss; everything else goes first when the outbox is full.
_PRECIOUS = ("rang", "answered", "missed", "unlocked")


class Outbox:
    """Numbered reports in order. `epoch` is new in every process."""

    def __init__(self, limit: int = REPORTS_LIMIT) -> None:
        self._limit = limit
        self._sequence = 0
        self._waiting: list[Report] = []
        self._empty = asyncio.Event()
        self._empty.set()
        self.epoch = secrets.token_hex(8)

    @property
    def waiting(self) -> tuple[Report, ...]:
        """What is not confirmed, oldest first."""
        return tuple(self._waiting)

    def add(self, what: Occurrence) -> Report:
        """Number it and keep it until it is confirmed."""
        self._sequence += 1
        report = Report(epoch=self.epoch, sequence=self._sequence, what=what)
        self._waiting.append(report)
        self._empty.clear()
        if len(self._waiting) > self._limit:
            self._drop_one()
        return report

    def confirm(self, epoch: str, sequence: int) -> None:
        """Everything of this epoch up to `sequence` is safe with the server."""
        if epoch != self.epoch:
            return
        self._waiting = [report for report in self._waiting if report.sequence > sequence]
        if not self._waiting:
            self._empty.set()

    async def emptied(self) -> None:
        """Returns when everything is confirmed."""
        await self._empty.wait()

    def _drop_one(self) -> None:
        """The oldest of the least important: motion-only visits, then small moments, then all."""
        rung = {r.what.visit for r in self._waiting if _is_precious(r)}
        rung |= {r.what.visit for r in self._waiting if _opened_by_press(r)}
        worst = min(self._waiting, key=lambda report: (_worth(report, rung), report.sequence))
        self._waiting.remove(worst)
        log.warning("the outbox is full: one report of visit %s is lost", worst.what.visit)


def _worth(report: Report, rung: set[str]) -> int:
    if report.what.visit not in rung:
        return 0
    return 1 if isinstance(report.what, VisitMoment) and not _is_precious(report) else 2


def _is_precious(report: Report) -> bool:
    return isinstance(report.what, VisitMoment) and report.what.moment.what in _PRECIOUS


def _opened_by_press(report: Report) -> bool:
    return isinstance(report.what, VisitOpened) and report.what.cause == "press"
