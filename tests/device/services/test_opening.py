"""Whatever fails on the way to the lock: it stays locked, or locks by itself, and the log tells."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from device.core import actions as a
from device.core import events as e
from device.core.policy import Policy
from device.core.states import Person
from device.services import opening
from device.services.audit_rows import AuditError
from device.services.files import write_whole
from device.services.opening import Opener, RefusedError
from hardware.errors import HardwareError
from hardware.ports import Lock
from protocol.audit import AuditWhat
from protocol.control import Denied, Unlocked
from protocol.door import DoorState
from protocol.household import Access
from tests.support.audit_rig import a_book
from tests.support.door import eventually
from tests.support.noting_ledger import NotingLedger
from tests.support.paper_board import PaperBoard
from tests.support.unlock_house import (
    ANNA,
    BEN,
    SHORT_S,
    a_command,
    unlock_house,
)

ANNA_HERSELF = Person("a" * 26, "Anna")
OPEN = DoorState(lock="unlocked", light="off")
LOCKED = DoorState(lock="locked", light="off")


def may() -> None:
    """Still allowed."""


class Disk:
    """Where the log's heads are written; `failing` is the error that it gives."""

    failing: int | None = None

    def keep(self, path: Path, text: str) -> None:
        if self.failing is not None:
            raise OSError(self.failing, "No space left on device")
        write_whole(path, text)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO])
async def test_without_a_log_no_phone_opens_and_the_rest_works(tmp_path: Path, error: int) -> None:
    disk = Disk()
    async with unlock_house(tmp_path, book=a_book(tmp_path, disk.keep)) as house:
        await eventually(house.log.head)
        disk.failing = error
        reply = await house.unlock()
        assert isinstance(reply, Denied)
        assert reply.reason == "fault"
        assert "phones cannot open the door. Free the disk" in reply.detail
        assert house.edges() == 0
        assert house.faults == [reply.detail]
        for wish in (a.SwitchLight(on=True), a.RingChime()):
            event = partial(e.Wanted, by=ANNA_HERSELF, wish=wish)
            assert isinstance(await house.doorbell.ask(event), a.Grant)
        assert house.board.paper_chime.did == ["ring"]
        disk.failing = None
        assert isinstance(await house.unlock(), Unlocked)
        await eventually(lambda: house.faults[-1] is None)
        failed = await house.rows("unlock_failed")
    # What was refused is told once the disk works, also where its own row got lost.
    assert len(failed) == 1
    assert failed[0].name == "Anna"


async def test_a_database_that_is_full_refuses_as_well(tmp_path: Path) -> None:
    book = a_book(tmp_path)
    async with unlock_house(tmp_path, book=book) as house:
        await eventually(house.log.head)
        await house.log.page(0, 1)
        await house.log._in_thread(lambda: _read_only(book))
        reply = await house.unlock()
        assert isinstance(reply, Denied)
        assert (reply.reason, house.edges()) == ("fault", 0)
        assert "readonly" in reply.detail
        # A log that is opened anew is writable again.
        assert isinstance(await house.unlock(), Unlocked)


def _read_only(book: object) -> None:
    book._db.execute("PRAGMA query_only = ON")  # type: ignore[attr-defined]


class StuckLock:
    """Raises at every pulse; `secured` counts how often it was told to lock."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.secured = 0

    def pulse(self, seconds: float) -> NoReturn:
        raise self.error

    def secure(self) -> None:
        self.secured += 1


async def test_a_driver_that_fails_is_told_and_logged(tmp_path: Path) -> None:
    lock = StuckLock(HardwareError("It does not answer. Check its cable."))
    async with unlock_house(tmp_path, change_board=lambda board: _put(board, lock)) as house:
        reply = await house.unlock()
        assert isinstance(reply, Denied)
        assert (reply.reason, reply.detail) == ("fault", "It does not answer. Check its cable.")
        granted, failed = await house.rows("unlock_granted", "unlock_failed", "unlock_done")
        assert failed.detail == f"Row {granted.number}: It does not answer. Check its cable."
        assert lock.secured >= 1


def _put(board: PaperBoard, lock: object) -> None:
    board.lock = lock  # type: ignore[assignment]


async def test_a_doorbell_that_does_not_run_opens_nothing_now_nor_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "ANSWER_LIMIT_S", 0.02)
    async with unlock_house(tmp_path, doorbell_runs=False) as house:
        reply = await house.unlock()
        assert isinstance(reply, Denied)
        assert "stopping or busy" in reply.detail
        async with asyncio.TaskGroup() as group:
            # It comes to itself, and the wish of long ago is still in its inbox.
            life = group.create_task(house.doorbell.run())
            outcome = await house.doorbell.ask(
                lambda ticket: e.Wanted(ticket, ANNA_HERSELF, a.RingChime())
            )
            assert isinstance(outcome, a.Grant)
            life.cancel()
        assert house.edges() == 0
        assert [row.what for row in await house.rows("unlock_done", "unlock_failed")] == [
            "unlock_failed"
        ]


async def test_whoever_hangs_up_before_the_row_is_written_opens_nothing(tmp_path: Path) -> None:
    async with unlock_house(tmp_path) as house:
        command = a_command(ANNA, await house.challenged())
        async with asyncio.TaskGroup() as group:
            asker = group.create_task(house.confirm(command))
            await asyncio.sleep(0)
            asker.cancel()
        rows = await house.rows("unlock_granted", "unlock_failed", "unlock_done")
        assert rows[-1].what == "unlock_failed"
        assert "broken off" in rows[-1].detail
        assert house.edges() == 0


async def test_a_right_that_is_taken_while_the_disk_writes_is_gone(tmp_path: Path) -> None:
    async with unlock_house(tmp_path) as house:
        command = a_command(BEN, await house.challenged(BEN))
        async with asyncio.TaskGroup() as group:
            asker = group.create_task(house.confirm(command, BEN))
            await asyncio.sleep(0)
            house.household.change(BEN.id, "Ben", Access(rights=("view",)))
        denied = asker.result()
        assert isinstance(denied, Denied)
        assert (denied.reason, house.edges()) == ("right", 0)
        granted, failed = await house.rows("unlock_granted", "unlock_failed")
        assert failed.detail.startswith(f"Row {granted.number}: This phone may not unlock")
        assert await house.rows("unlock_refused") == []


async def test_stopping_ends_the_pulse_at_once_and_says_so(tmp_path: Path) -> None:
    async with unlock_house(tmp_path, Policy(pulse_s=10)) as house:
        assert isinstance(await house.unlock(), Unlocked)
        assert house.world.active("lock")
        house.doorbell.put(e.Stopping())
        await eventually(lambda: not house.world.active("lock"))
        assert len(await house.rows("unlock_ended")) == 1


async def test_the_lock_closes_by_itself_even_if_the_doorbell_hangs(tmp_path: Path) -> None:
    """The driver's own timer bounds the pulse; the machine is not asked."""
    async with unlock_house(tmp_path, Policy(pulse_s=SHORT_S)) as house:
        assert isinstance(await house.unlock(), Unlocked)
        lock: Lock = house.board.lock
        block = asyncio.get_running_loop().time() + 1
        while lock.unlocked and asyncio.get_running_loop().time() < block:
            pass
        assert not lock.unlocked


async def test_a_second_phone_is_told_that_the_door_is_open(tmp_path: Path) -> None:
    async with unlock_house(tmp_path) as house:
        assert isinstance(await house.unlock(ANNA), Unlocked)
        denied = await house.unlock(BEN)
        assert isinstance(denied, Denied)
        assert denied.reason == "busy"
        house.doorbell.put(e.Stopping())
        await eventually(lambda: not house.world.active("lock"))
        rows = await house.rows("unlock_ended", "unlock_failed")
        assert [(row.what, row.name) for row in rows] == [
            ("unlock_failed", "Ben"), ("unlock_ended", "Anna")]  # fmt: skip


# The opener alone, with a machine that a test plays.


class Rows(NotingLedger):
    """A log that confirms at once, or fails."""

    error: Exception | None = None

    async def write(self, what: AuditWhat, **more: str) -> int:
        if self.error is not None:
            raise self.error
        self.note(what, **{"detail": "-", **more})
        return len(self.rows)


@dataclass
class PlayedMachine:
    """Does `act` when it is asked, and then what it returns or raises."""

    act: Callable[[], a.Grant | a.Refuse]
    pulse_s: float = 4.0
    asked: int = 0

    async def ask(self, event: Callable[[int], e.Event]) -> a.Grant | a.Refuse:
        self.asked += 1
        return self.act()


def raises(error: BaseException) -> Callable[[], a.Grant | a.Refuse]:
    def act() -> NoReturn:
        raise error

    return act


@pytest.mark.parametrize("error", [RuntimeError("a fault"), asyncio.CancelledError(), KeyError()])
async def test_a_fault_of_the_machine_is_a_failed_opening(error: BaseException) -> None:
    rows = Rows()
    opener = Opener(rows, PlayedMachine(raises(error)))
    with pytest.raises(type(error)):
        await opener.open(ANNA_HERSELF, "proof", may)
    assert rows.whats == ["unlock_granted", "unlock_failed"]


@pytest.mark.parametrize("error", [AuditError("Full."), RuntimeError(), asyncio.CancelledError()])
async def test_without_a_row_the_machine_is_not_asked(error: BaseException) -> None:
    rows, machine = Rows(), PlayedMachine(lambda: a.Grant(1))
    rows.error = error  # type: ignore[assignment]
    with pytest.raises((RefusedError, RuntimeError, asyncio.CancelledError)):
        await Opener(rows, machine).open(ANNA_HERSELF, "proof", may)
    assert machine.asked == 0
    assert rows.whats == ["unlock_failed"]


@pytest.mark.parametrize("error", [asyncio.CancelledError(), TimeoutError()])
async def test_an_answer_that_nobody_takes_any_more_is_an_opening_all_the_same(
    error: BaseException,
) -> None:
    rows = Rows()

    def act() -> NoReturn:
        opener.state(OPEN)
        raise error

    opener = Opener(rows, PlayedMachine(act))
    with contextlib.suppress(asyncio.CancelledError):
        await opener.open(ANNA_HERSELF, "proof", may)
    opener.state(OPEN)
    assert rows.whats == ["unlock_granted", "unlock_done"]
    opener.state(LOCKED)
    opener.state(LOCKED)
    assert rows.whats == ["unlock_granted", "unlock_done", "unlock_ended"]


async def test_a_pulse_that_is_over_before_the_answer_comes_has_its_end_too() -> None:
    rows = Rows()

    def act() -> a.Grant:
        opener.state(OPEN)
        opener.state(LOCKED)
        return a.Grant(1)

    opener = Opener(rows, PlayedMachine(act))
    assert await opener.open(ANNA_HERSELF, "proof", may) == 1
    assert rows.whats == ["unlock_granted", "unlock_done", "unlock_ended"]
