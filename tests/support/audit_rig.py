"""An audit log in a test's folder, with time that the test turns, and ways to spoil it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from device.services.audit import AuditLog
from device.services.audit_book import AuditBook
from device.services.audit_check import LOG_NAME, inspect
from device.services.audit_rows import Draft, Stamp
from device.services.files import write_whole
from protocol.audit import AuditRow, AuditWhat
from protocol.identity import Identity

BOOT = "boot-of-the-test"
DOORBELL = Identity.generate()
START_MS = 1_800_000_000_000


class HandStamp:
    """A `StampNow`. Turn `monotonic_s` and `wall_ms` by hand, in any direction."""

    def __init__(self) -> None:
        self.monotonic_s = 1000.0
        self.wall_ms = START_MS
        self.trusted = True

    def __call__(self) -> Stamp:
        return Stamp(round(self.monotonic_s * 1000), self.wall_ms, self.trusted)


def a_book(
    folder: Path, keep: Callable[[Path, str], None] = write_whole, identity: Identity = DOORBELL
) -> AuditBook:
    return AuditBook(folder, identity, BOOT, keep)


def a_draft(what: AuditWhat = "paired", detail: str = "") -> Draft:
    return Draft(what, Stamp(5, START_MS, trusted=True), "a" * 26, "Anna", detail)


def written(folder: Path, count: int) -> None:
    """A log of `count` rows, closed."""
    with closing(a_book(folder)) as book:
        assert book.open(START_MS) is None
        for number in range(count):
            book.append([a_draft(detail=f"row {number + 1}")])
            book.sign(START_MS)


def spoil(folder: Path, *statements: str) -> None:
    """Change the closed log as somebody with the card in hand would."""
    with closing(sqlite3.connect(folder / LOG_NAME)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def rows_of(folder: Path, identity: Identity = DOORBELL) -> list[AuditRow]:
    """All rows of a log that is whole."""
    rows = list[AuditRow]()
    inspect(folder, identity.public, lambda row, text: rows.append(row))
    return rows


@asynccontextmanager
async def running_log(
    folder: Path,
    stamp: Callable[[], Stamp] | None = None,
    book: AuditBook | None = None,
    faults: list[str | None] | None = None,
) -> AsyncIterator[AuditLog]:
    """A log that runs; when the block ends, all that was noted is on the disk."""
    told = (lambda detail: None) if faults is None else faults.append
    log = AuditLog(book or a_book(folder), stamp or HandStamp(), told, "doorstep in a test")
    async with asyncio.TaskGroup() as group:
        life = group.create_task(log.run())
        try:
            yield log
        finally:
            # A task that has not begun would be cancelled before its first line.
            await asyncio.sleep(0)
            life.cancel()
