"""The book of visits on a real SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from cloud.store.database import Database, DatabaseError
from cloud.store.roster import KnownDoorbell, Roster
from cloud.store.tables import metadata
from cloud.store.visits import Visits
from protocol.door import Clip, Moment
from protocol.identity import Identity
from protocol.link import Occurrence, Report, VisitClosed, VisitMoment, VisitOpened

OURS, THEIRS = Identity.generate(), Identity.generate()
OPENED = VisitOpened(visit="visit-0001", cause="motion", at_ms=1)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "doorstep.sqlite3") as opened:
        yield opened


@pytest.fixture
async def visits(database: Database) -> Visits:
    roster = Roster(database)
    for identity in (OURS, THEIRS):
        await roster.adopt(KnownDoorbell(identity.id, identity.public, "Door", 0))
    return Visits(database)


def report(what: Occurrence, sequence: int, epoch: str = "life-0001") -> Report:
    return Report(epoch=epoch, sequence=sequence, what=what)


def moment(what: str, who: str = "", visit: str = "visit-0001") -> VisitMoment:
    happened = Moment.model_validate({"at_ms": 5, "what": what, "who": who, "quiet": True})
    return VisitMoment(visit=visit, moment=happened)


async def test_the_file_is_safe_and_of_the_newest_shape(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with database.read() as reading:
        facts = {
            name: (await reading.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert await reading.run_sync(differences) == []
    assert facts == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_a_report_counts_once_in_each_life(visits: Visits) -> None:
    first = await visits.apply(OURS.id, report(OPENED, 1), 0)
    assert first is not None
    assert first.change == "opened"
    assert await visits.apply(OURS.id, report(OPENED, 1), 0) is None
    closed = VisitClosed(visit="visit-0001", at_ms=9, outcome="missed")
    again = await visits.apply(OURS.id, report(closed, 1, "life-0002"), 0)
    assert again is not None
    assert again.visit.outcome == "missed"


async def test_the_first_answer_counts(visits: Visits) -> None:
    await visits.apply(OURS.id, report(OPENED, 1), 0)
    first = await visits.apply(OURS.id, report(moment("answered", "Anna"), 2), 0)
    second = await visits.apply(OURS.id, report(moment("answered", "Ben"), 3), 0)
    assert first is not None
    assert second is not None
    assert (first.change, second.change) == ("answered", "moment")
    assert second.visit.answered_by == "Anna"
    assert [(m.what, m.who, m.quiet) for m in second.visit.moments] == [
        ("answered", "Anna", True),
        ("answered", "Ben", True),
    ]


async def test_another_doorbells_visit_cannot_be_touched(visits: Visits) -> None:
    await visits.apply(OURS.id, report(OPENED, 1), 0)
    opened = OPENED.model_copy(update={"at_ms": 99})
    assert await visits.apply(THEIRS.id, report(opened, 1), 0) is None
    assert await visits.apply(THEIRS.id, report(moment("rang"), 2), 0) is None
    clip = Clip(starts_ms=0, duration_ms=1, size_bytes=1)
    assert await visits.set_clip(THEIRS.id, "visit-0001", clip) is None
    visit = await visits.get("visit-0001")
    assert visit is not None
    assert (visit.doorbell, visit.opened_ms, visit.rang_ms, visit.clip) == (OURS.id, 1, None, None)


async def test_a_visit_holds_as_many_moments_as_the_protocol_carries(visits: Visits) -> None:
    await visits.apply(OURS.id, report(OPENED, 1), 0)
    for number in range(203):
        await visits.apply(OURS.id, report(moment("chimed"), 2 + number), 0)
    visit = await visits.get("visit-0001")
    assert visit is not None
    assert len(visit.moments) == 200


async def test_writers_wait_for_each_other(visits: Visits) -> None:
    ids = [f"visit-{number:04}" for number in range(20)]
    async with asyncio.TaskGroup() as group:
        for number, visit in enumerate(ids):
            opened = VisitOpened(visit=visit, cause="press", at_ms=number)
            told = report(opened, 1, f"life-{number:04}")
            group.create_task(visits.apply(OURS.id, told, 0))
    assert [visit.id for visit in await visits.page([OURS.id])] == ids[::-1]


async def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite3"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseError, match="cannot be used"):
        async with Database(path):
            pass
