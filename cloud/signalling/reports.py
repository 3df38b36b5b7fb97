"""What doorbells report: rings are told at once, everything is kept, then confirmed, then told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

from cloud.shared.clock import Clock, now_ms
from cloud.signalling.herald import Herald
from cloud.signalling.links import Link
from cloud.store.visits import Visits
from protocol.api import VisitEvent
from protocol.link import Confirmed, Report

# A doorbell that has been away for days says so much at once; more waits in its socket.
WAITING_LIMIT = 256


class ReportBook:
    """Keeps the reports of all links in order, each link by a life of its own."""

    def __init__(self, visits: Visits, tell: Callable[[VisitEvent], None], clock: Clock) -> None:
        self._visits = visits
        self._tell = tell
        self._clock = clock
        self._herald = Herald()

    def of(self, link: Link) -> ReportKeeper:
        """The life of one link's reports."""
        return ReportKeeper(self, link)

    def knows(self, doorbell: str, visit: str) -> bool:
        """Whether this visit of the doorbell was told just now; it may not be kept yet."""
        return self._herald.knows(doorbell, visit)

    def foretell(self, link: Link, report: Report) -> None:
        """Tell of a ring before it is kept."""
        if event := self._herald.foretell(link.doorbell, report):
            self._tell(event)

    async def keep(self, link: Link, report: Report) -> None:
        """Put a report on the disk, tell of it, confirm it. Raises DatabaseError."""
        event = await self._visits.apply(link.doorbell, report, now_ms(self._clock))
        if event is not None:
            self._tell_kept(link, report, event)
        link.send(Confirmed(epoch=report.epoch, sequence=report.sequence))

    def _tell_kept(self, link: Link, report: Report, event: VisitEvent) -> None:
        self._herald.kept(event)
        told = self._herald.told(link.doorbell, report)
        if told is None:
            self._tell(event)
        elif told != event.visit:
            # More is known than could be foretold; nobody has to be rung again for it.
            self._tell(event.model_copy(update={"change": "moment"}))


class ReportKeeper:
    """One link's reports: `take` them as they come, `run` keeps them; nothing else waits for it."""

    def __init__(self, book: ReportBook, link: Link) -> None:
        self._book = book
        self._link = link
        self._waiting: asyncio.Queue[Report] = asyncio.Queue(WAITING_LIMIT)

    async def take(self, report: Report) -> None:
        """The next report; waits only while very many wait already."""
        self._book.foretell(self._link, report)
        await self._waiting.put(report)

    async def run(self) -> NoReturn:
        """Keep reports until cancelled. Raises DatabaseError; what is not confirmed comes again."""
        while True:
            await self._book.keep(self._link, await self._waiting.get())
