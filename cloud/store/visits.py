"""The visits: written by what doorbells report, read by phones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, delete, insert, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.store.database import Database
from cloud.store.tables import confirmations, moments, visits
from protocol.api import VisitEvent
from protocol.door import Clip, Moment, Preview, Visit
from protocol.link import Occurrence, Report, VisitMoment, VisitOpened

# As many as the protocol's Visit carries.
MOMENTS_LIMIT = 200
PAGE_LIMIT = 50


# What a visit's change is called on the wire.
Change = Literal["opened", "rang", "answered", "moment", "snapshot", "closed", "clip"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last visit of a page; the next one starts behind it."""

    opened_ms: int
    visit: str


class Visits:
    """The book of visits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, doorbell: str, report: Report, now_ms: int) -> VisitEvent | None:
        """Write one report down, once; None when it changes nothing.

        When this returns, the report is on the disk.
        """
        async with self._database.write() as writing:
            if not await _is_new(writing, doorbell, report, now_ms):
                return None
            change = await _write(writing, doorbell, report.what)
            if change is None:
                return None
            visit = await _find(writing, report.what.visit)
        return VisitEvent(change=change, visit=visit) if visit else None

    async def set_snapshot(self, doorbell: str, visit: str, at_ms: int) -> VisitEvent | None:
        """Note that the picture is there; None when the visit is deleted or another's."""
        return await self._set(doorbell, visit, at_ms, "snapshot", {"snapshot": True})

    async def set_clip(self, doorbell: str, visit: str, clip: Clip) -> VisitEvent | None:
        """Note that the clip is there; None when the visit is deleted or another's."""
        values = {"clip": clip.model_dump(mode="json")}
        return await self._set(doorbell, visit, clip.starts_ms, "clip", values)

    async def set_preview(
        self, doorbell: str, visit: str, preview: Preview, size_bytes: int
    ) -> VisitEvent | None:
        """Note the preview of the clip of `size_bytes`; None when that is not the clip any more."""
        async with self._database.write() as writing:
            found = await _find(writing, visit)
            if found is None or found.clip is None or found.doorbell != doorbell:
                return None
            if found.clip.size_bytes != size_bytes:
                return None
            clip = found.clip.model_copy(update={"preview": preview})
            values = {"clip": clip.model_dump(mode="json")}
            await writing.execute(_of(doorbell, visit).values(values))
        return VisitEvent(change="clip", visit=found.model_copy(update={"clip": clip}))

    async def begin(self, doorbell: str, visit: str, at_ms: int) -> VisitEvent | None:
        """A visit of which no doorbell tells: only its pictures come."""
        return await self._set(doorbell, visit, at_ms, "opened", {"opened_ms": at_ms})

    async def end(self, doorbell: str, visit: str, at_ms: int) -> VisitEvent | None:
        """The end of such a visit."""
        values = {"closed_ms": at_ms, "outcome": "motion"}
        return await self._set(doorbell, visit, at_ms, "closed", values)

    async def delete(self, visit: str) -> None:
        """Empty the visit's row, and never show it again."""
        blank = {"deleted": True, "snapshot": False, "clip": None, "answered_by": None}
        async with self._database.write() as writing:
            await writing.execute(delete(moments).where(moments.c.visit == visit))
            await writing.execute(update(visits).where(visits.c.id == visit).values(blank))

    async def get(self, visit: str) -> Visit | None:
        async with self._database.read() as reading:
            return await _find(reading, visit)

    async def page(
        self, doorbells: Sequence[str], after: Cursor | None = None, limit: int = PAGE_LIMIT
    ) -> list[Visit]:
        """Newest first."""
        chosen = select(visits).where(visits.c.doorbell.in_(doorbells), ~visits.c.deleted)
        if after:
            place = tuple_(visits.c.opened_ms, visits.c.id)
            chosen = chosen.where(place < (after.opened_ms, after.visit))
        chosen = chosen.order_by(visits.c.opened_ms.desc(), visits.c.id.desc()).limit(limit)
        async with self._database.read() as reading:
            return await _read(reading, chosen)

    async def latest(self, doorbell: str) -> Visit | None:
        newest = await self.page([doorbell], limit=1)
        return newest[0] if newest else None

    async def _set(
        self, doorbell: str, visit: str, at_ms: int, change: Change, values: dict[str, Any]
    ) -> VisitEvent | None:
        async with self._database.write() as writing:
            # Picture and clip travel apart from the link and may overtake its report.
            await _open(writing, doorbell, visit, "motion", at_ms)
            await writing.execute(_of(doorbell, visit).values(values))
            found = await _find(writing, visit)
        return (
            VisitEvent(change=change, visit=found) if found and found.doorbell == doorbell else None
        )


def _of(doorbell: str, visit: str) -> Any:
    """An update of this doorbell's visit; another's, or a deleted one, stays as it is."""
    mine = (visits.c.id == visit, visits.c.doorbell == doorbell, ~visits.c.deleted)
    return update(visits).where(*mine)


async def _is_new(writing: AsyncConnection, doorbell: str, report: Report, now_ms: int) -> bool:
    key = {"doorbell": doorbell, "epoch": report.epoch}
    row = {**key, "sequence": report.sequence, "at_ms": now_ms}
    written = await writing.execute(
        upsert(confirmations)
        .values(row)
        .on_conflict_do_update(
            index_elements=["doorbell", "epoch"],
            set_={"sequence": report.sequence, "at_ms": now_ms},
            where=confirmations.c.sequence < report.sequence,
        )
    )
    return written.rowcount > 0


async def _write(writing: AsyncConnection, doorbell: str, what: Occurrence) -> Change | None:
    """Carry one occurrence into the tables; None when it is not about a visit of this doorbell."""
    if isinstance(what, VisitOpened):
        await _open(writing, doorbell, what.visit, what.cause, what.at_ms)
        values: dict[str, Any] = {"cause": what.cause, "opened_ms": what.at_ms}
        if what.cause == "press":
            # Open pages show the ring now; its moment follows in a report of its own.
            values["rang_ms"] = what.at_ms
        return await _changed(writing, doorbell, what.visit, values, "opened")
    if isinstance(what, VisitMoment):
        return await _write_moment(writing, doorbell, what)
    values = {"closed_ms": what.at_ms, "outcome": what.outcome}
    return await _changed(writing, doorbell, what.visit, values, "closed")


async def _open(
    writing: AsyncConnection, doorbell: str, visit: str, cause: str, at_ms: int
) -> None:
    row = {
        "id": visit, "doorbell": doorbell, "cause": cause, "opened_ms": at_ms,
        "snapshot": False, "deleted": False,
    }  # fmt: skip
    await writing.execute(upsert(visits).values(row).on_conflict_do_nothing())


async def _changed(
    writing: AsyncConnection, doorbell: str, visit: str, values: dict[str, Any], change: Change
) -> Change | None:
    written = await writing.execute(_of(doorbell, visit).values(values))
    return change if written.rowcount else None


async def _write_moment(
    writing: AsyncConnection, doorbell: str, what: VisitMoment
) -> Change | None:
    found = await _find(writing, what.visit)
    if found is None or found.doorbell != doorbell:
        return None
    moment = what.moment
    if len(found.moments) < MOMENTS_LIMIT:
        row = {"visit": what.visit, **moment.model_dump()}
        await writing.execute(insert(moments).values(row))
    if moment.what == "rang" and found.rang_ms is None:
        values: dict[str, Any] = {"rang_ms": moment.at_ms}
        return await _changed(writing, doorbell, what.visit, values, "rang")
    if moment.what == "answered" and found.answered_by is None:
        values = {"answered_by": moment.who}
        return await _changed(writing, doorbell, what.visit, values, "answered")
    return "rang" if moment.what == "rang" else "moment"


async def _find(reading: AsyncConnection, visit: str) -> Visit | None:
    found = await _read(reading, select(visits).where(visits.c.id == visit, ~visits.c.deleted))
    return found[0] if found else None


async def _read(reading: AsyncConnection, chosen: Select[Any]) -> list[Visit]:
    rows = (await reading.execute(chosen)).all()
    happened: dict[str, list[Moment]] = {row.id: [] for row in rows}
    wanted = select(moments).where(moments.c.visit.in_(happened)).order_by(moments.c.number)
    for row in await reading.execute(wanted):
        moment = Moment(at_ms=row.at_ms, what=row.what, who=row.who, quiet=row.quiet)
        happened[row.visit].append(moment)
    return [_visit(row, happened[row.id]) for row in rows]


def _visit(row: Row[Any], happened: list[Moment]) -> Visit:
    return Visit(
        id=row.id,
        doorbell=row.doorbell,
        cause=row.cause,
        opened_ms=row.opened_ms,
        rang_ms=row.rang_ms,
        answered_by=row.answered_by,
        closed_ms=row.closed_ms,
        outcome=row.outcome,
        snapshot=row.snapshot,
        clip=Clip.model_validate(row.clip) if row.clip else None,
        moments=tuple(happened),
    )
