"""The whole service opens its door for a signed call, and is killed while it is open."""

from __future__ import annotations

import asyncio
from pathlib import Path

from device.services.audit_check import inspect
from device.wiring import identity_in
from hardware.twin.control import send
from protocol import jws
from protocol.audit import HEAD_TYP, AuditHead, AuditHeadStatement, AuditRow
from protocol.control import RECEIPT_TYP, UnlockConfirm, UnlockReceipt
from tests.support.carrier import Carrier
from tests.support.door import eventually
from tests.support.doorbell_process import doorbell
from tests.support.phone import LoopPhone
from tests.support.signed_unlock import unlock

# Longer than it takes to kill the process; the pulse is under way for certain.
PULSE_S = "10"


def rows(state: Path) -> list[AuditRow]:
    """The log as it is on the disk; it must be whole."""
    found = list[AuditRow]()
    inspect(state, identity_in(state).public, lambda row, text: found.append(row))
    return found


async def lock(state: Path) -> tuple[bool, int]:
    """Whether the twin's lock is open, and how often its pin has changed in this process."""
    now = await asyncio.to_thread(send, state / "twin.sock", "state")
    history = await asyncio.to_thread(send, state / "twin.sock", "history", part="lock")
    return bool(now["lock"]), len(history["history"])


async def test_killed_during_a_pulse_it_is_locked_afterwards_and_the_log_says_what_is_not_known(
    tmp_path: Path,
) -> None:
    async with doorbell(tmp_path, "--lock-pulse-s", PULSE_S) as running, LoopPhone() as phone:
        server = Carrier(await running.server.line())
        await server.line.welcome()
        key = await server.pair(phone, tmp_path)
        await server.call(phone, key, "call-0001")
        await phone.until(lambda: any(isinstance(reply, AuditHead) for reply in phone.replies))
        command, unlocked = await unlock(phone, key)
        assert await lock(tmp_path) == (True, 1)
        running.process.kill()
        await running.process.wait()

    head = next(reply for reply in phone.replies if isinstance(reply, AuditHead))
    remembered = jws.unseal(head.head, HEAD_TYP, key, AuditHeadStatement)
    receipt = jws.unseal(unlocked.receipt, RECEIPT_TYP, key, UnlockReceipt)
    kept = {row.number: row for row in rows(tmp_path)}
    assert (kept[receipt.row].what, kept[receipt.row].evidence) == ("unlock_granted", command)
    assert remembered.number < receipt.row
    assert not any(row.what == "unlock_ended" for row in kept.values())

    async with doorbell(tmp_path, "--lock-pulse-s", PULSE_S) as running, LoopPhone() as phone_2:
        assert await lock(tmp_path) == (False, 0)
        await eventually(lambda: len(rows(tmp_path)) > len(kept))
        told = next(row for row in rows(tmp_path) if "not known" in row.detail)
        assert (told.what, told.who) == ("unlock_failed", phone.identity.id)
        assert told.detail.startswith(f"Row {receipt.row}: ")

        # What opened before opens nothing now: the challenge died with the process.
        phone_2.identity = phone.identity
        server = Carrier(await running.server.line())
        await server.line.welcome()
        await server.call(phone_2, key, "call-0002")
        await phone_2.until(lambda: any(isinstance(r, AuditHead) for r in phone_2.replies))
        replayed = await phone_2.ask(UnlockConfirm(id=3, command=command))
        assert replayed.type == "denied"
        assert await lock(tmp_path) == (False, 0)
        log = await running.stop()
        assert running.process.returncode == 0, log
        assert "Traceback" not in log
    refused = [row for row in rows(tmp_path) if row.what == "unlock_refused"]
    assert [(row.who, row.evidence) for row in refused] == [(phone.identity.id, command)]
