"""The running log: what is written is on the disk, what is noted comes there in time."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from device.services import audit
from device.services.audit import AuditLog
from device.services.audit_book import AuditBook
from device.services.audit_flood import BURST, SUMMARY_EVERY_S
from device.services.audit_rows import AuditError, Draft, of_opening
from device.services.files import write_whole
from protocol.audit import HEAD_TYP, AuditHeadStatement, AuditRow
from protocol.jws import unseal
from tests.support.audit_rig import (
    BOOT,
    DOORBELL,
    START_MS,
    HandStamp,
    a_book,
    rows_of,
    running_log,
    spoil,
    written,
)
from tests.support.door import eventually


class Disk:
    """Where heads are written: works, is full, or hangs."""

    def __init__(self) -> None:
        self.full = False
        self.goes_on = threading.Event()
        self.goes_on.set()

    def keep(self, path: Path, text: str) -> None:
        self.goes_on.wait(5)
        if self.full:
            raise OSError(28, "No space left on device")
        write_whole(path, text)


def details(folder: Path) -> list[tuple[str, str]]:
    return [(row.what, row.detail) for row in rows_of(folder)]


async def test_a_written_row_is_on_the_disk_and_under_the_signed_head(tmp_path: Path) -> None:
    async with running_log(tmp_path) as log:
        number = await log.write("unlock_granted", who="a" * 26, name="Anna", evidence="proof")
        row = rows_of(tmp_path)[-1]
        head = unseal(log.head(), HEAD_TYP, DOORBELL.public, AuditHeadStatement)
    assert row == AuditRow(
        number=number, boot=BOOT, monotonic_ms=1_000_000, at_ms=START_MS, clock=True,
        what="unlock_granted", who="a" * 26, name="Anna", evidence="proof",
    )  # fmt: skip
    assert head.number == number == 2


async def test_the_first_row_of_every_start_says_so(tmp_path: Path) -> None:
    for _ in range(2):
        async with running_log(tmp_path):
            pass
    assert details(tmp_path) == [("started", "doorstep in a test")] * 2


async def test_notes_are_kept_in_their_order_and_what_is_left_at_the_end_as_well(
    tmp_path: Path,
) -> None:
    async with running_log(tmp_path) as log:
        log.note("paired", detail="1")
        await log.write("invited", detail="2")
        log.note("call_began", detail="3")
        log.note("call_ended", detail="4")
    assert [detail for _, detail in details(tmp_path)[1:]] == ["1", "2", "3", "4"]


async def test_a_note_takes_anything_and_never_raises(tmp_path: Path) -> None:
    stamp = HandStamp()
    stamp.wall_ms = -5
    async with running_log(tmp_path, stamp) as log:
        log.note("paired", who="w" * 99, name="\ud800" * 99, detail="d" * 999, evidence="e" * 9999)
        stamp.wall_ms = 10**15
        stamp.trusted = False
        await log.write("paired", name="")
    kept = rows_of(tmp_path)[1]
    assert (len(kept.who), len(kept.name), len(kept.detail), len(kept.evidence)) == (
        40, 60, 300, 8192)  # fmt: skip
    assert [row.at_ms for row in rows_of(tmp_path)[1:]] == [0, 10**13]
    assert not rows_of(tmp_path)[2].clock


async def test_a_flood_is_one_number_and_the_number_is_right(tmp_path: Path) -> None:
    stamp = HandStamp()
    async with running_log(tmp_path, stamp) as log:
        for _ in range(5000):
            log.note("call_refused", detail="no")
        await log.write("paired")
        stamp.monotonic_s += SUMMARY_EVERY_S
        await log.write("paired")
    rows = [row for row in rows_of(tmp_path) if row.what == "call_refused"]
    assert len(rows) == BURST + 1
    number = re.match(r"(\d+) more", rows[-1].detail)
    assert number is not None
    assert int(number[1]) == 5000 - BURST


async def test_what_was_counted_is_written_at_the_end_and_when_asked(tmp_path: Path) -> None:
    async with running_log(tmp_path) as log:
        for _ in range(BURST + 5):
            log.note("unlock_refused", detail="no")
        log.sum_up()
        for _ in range(3):
            log.note("unlock_refused", detail="no")
    numbers = [detail for _, detail in details(tmp_path) if "more of these" in detail]
    assert [number[:2] for number in numbers] == ["5 ", "3 "]


async def test_while_the_disk_fails_nothing_is_confirmed_and_nothing_noted_is_lost(
    tmp_path: Path,
) -> None:
    disk, faults = Disk(), list[str | None]()
    async with running_log(tmp_path, book=a_book(tmp_path, disk.keep), faults=faults) as log:
        await log.write("paired", detail="before")
        disk.full = True
        with pytest.raises(AuditError, match="No space left"):
            await log.write("unlock_granted", detail="refused")
        log.note("call_began", detail="noted meanwhile")
        with pytest.raises(AuditError, match="No space left"):
            await log.write("unlock_granted", detail="refused again")
        disk.full = False
        assert await log.write("paired", detail="after") > 0
        await eventually(lambda: faults[-1] is None)
    assert "phones cannot open the door" in (faults[0] or "")
    assert len(faults) == 2
    kept = [detail for _, detail in details(tmp_path)]
    assert "noted meanwhile" in kept
    assert kept[-1] == "after"
    assert "refused again" not in kept


async def test_a_disk_that_does_not_answer_is_waited_for_and_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    async with running_log(tmp_path, book=a_book(tmp_path, disk.keep)) as log:
        await log.write("paired")
        monkeypatch.setattr(audit, "WRITE_LIMIT_S", 0.05)
        disk.goes_on.clear()
        with pytest.raises(AuditError, match="does not answer"):
            await log.write("unlock_granted", detail="in the disk's hands")
        with pytest.raises(AuditError, match="does not answer"):
            await log.write("unlock_granted", detail="behind it")
        disk.goes_on.set()
    assert "behind it" not in [detail for _, detail in details(tmp_path)]


async def test_before_the_log_was_checked_whoever_waits_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "WRITE_LIMIT_S", 0.05)
    disk = Disk()
    disk.goes_on.clear()
    async with running_log(tmp_path, book=a_book(tmp_path, disk.keep)) as log:
        with pytest.raises(AuditError, match="just started"):
            await log.write("unlock_granted", detail="too early")
        disk.goes_on.set()
    assert details(tmp_path) == [("started", "doorstep in a test")]


async def test_whoever_goes_away_leaves_no_row_behind(tmp_path: Path) -> None:
    log = AuditLog(a_book(tmp_path), HandStamp())
    async with asyncio.TaskGroup() as group:
        asker = group.create_task(log.write("unlock_granted", detail="gone"))
        await asyncio.sleep(0)
        asker.cancel()
    async with asyncio.TaskGroup() as group:
        life = group.create_task(log.run())
        await log.write("paired", detail="stayed")
        life.cancel()
    assert details(tmp_path) == [("started", ""), ("paired", "stayed")]


async def test_a_closed_log_confirms_nothing(tmp_path: Path) -> None:
    async with running_log(tmp_path) as log:
        await log.write("paired")
    with pytest.raises(AuditError, match="stops"):
        await log.write("unlock_granted")
    with pytest.raises(AuditError):
        await log.page(0, 10)
    log.note("call_ended", detail="too late, and harmless")


async def test_pages_and_links_come_from_the_disk(tmp_path: Path) -> None:
    async with running_log(tmp_path) as log:
        for _ in range(4):
            await log.write("paired")
        page, links = await log.page(0, 3), await log.links(2)
    assert len(page.rows) == 3
    assert len(links) == 3


CHANGES = [
    "DELETE FROM rows WHERE number = 5",
    "DELETE FROM rows WHERE number = 2",
    "UPDATE rows SET row = replace(row, 'Anna', 'Eve') WHERE number = 3",
]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_log_is_told_in_the_first_row_of_the_new_one_and_to_people(
    tmp_path: Path, change: str
) -> None:
    written(tmp_path, 5)
    spoil(tmp_path, change)
    faults = list[str | None]()
    async with running_log(tmp_path, faults=faults) as log:
        assert await log.write("paired") == 2
    first = rows_of(tmp_path)[0]
    assert first.what == "started"
    assert "is not whole" in first.detail
    assert faults == [first.detail]
    assert "audit-kept-1.sqlite3" in first.detail


async def test_an_opening_without_an_end_is_told_at_the_next_start(tmp_path: Path) -> None:
    async with running_log(tmp_path) as log:
        ended = await log.write("unlock_granted", who="a" * 26, name="Anna")
        log.note("unlock_done", detail=of_opening(ended, "open"))
        log.note("unlock_ended", detail=of_opening(ended, "locked"))
        failed = await log.write("unlock_granted", name="Ben")
        log.note("unlock_failed", detail=of_opening(failed, "broken"))
        cut = await log.write("unlock_granted", who="c" * 26, name="Cleo")
        log.note("unlock_done", detail=of_opening(cut, "open"))
    for _ in range(2):
        async with running_log(tmp_path):
            pass
    told = [row for row in rows_of(tmp_path) if "not known" in row.detail]
    assert [(row.what, row.who, row.name) for row in told] == [("unlock_failed", "c" * 26, "Cleo")]
    assert told[0].detail.startswith(f"Row {cut}: the doorbell stopped before the end")


async def test_a_log_that_is_spoiled_while_it_runs_is_found_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with running_log(tmp_path) as log:
        await log.write("paired", detail="to be cut")
        spoil(tmp_path, "DELETE FROM rows WHERE number = 2")
    faults = list[str | None]()
    async with running_log(tmp_path, faults=faults) as log:
        await log.write("paired")
    assert "row 2 was written" in (faults[0] or "")


class FaultyBook(AuditBook):
    """Fails once in a way that nobody foresaw."""

    faults = 1
    opening_fails = False

    def open(self, at_ms: int) -> str | None:
        if self.opening_fails:
            self.opening_fails = False
            raise ZeroDivisionError
        return super().open(at_ms)

    def append(self, drafts: Sequence[Draft]) -> list[int]:
        if self.faults and any(draft.detail == "poison" for draft in drafts):
            self.faults -= 1
            raise ZeroDivisionError
        return super().append(drafts)


async def test_a_fault_of_its_own_is_told_and_the_log_goes_on(tmp_path: Path) -> None:
    faults = list[str | None]()
    book = FaultyBook(tmp_path, DOORBELL, BOOT)
    async with running_log(tmp_path, book=book, faults=faults) as log:
        await log.write("paired")
        with pytest.raises(AuditError, match="failed"):
            await log.write("unlock_granted", detail="poison")
        assert await log.write("paired", detail="after") > 0
        await eventually(lambda: faults[-1] is None)
    assert "Restart the doorbell" in (faults[0] or "")
    assert [detail for _, detail in details(tmp_path)] == ["doorstep in a test", "", "after"]


async def test_a_fault_while_the_log_is_opened_is_told_at_once_and_tried_again(
    tmp_path: Path,
) -> None:
    book = FaultyBook(tmp_path, DOORBELL, BOOT)
    book.opening_fails = True
    async with running_log(tmp_path, book=book) as log:
        with pytest.raises(AuditError, match="failed"):
            await log.write("unlock_granted")
        assert await log.write("paired") == 2


async def test_links_after_a_row_that_no_log_ever_has_are_none(tmp_path: Path) -> None:
    async with running_log(tmp_path) as log:
        await log.write("paired")
        assert await log.links(10**30) == ()
