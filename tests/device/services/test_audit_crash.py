"""Killed at any moment, the log is whole afterwards and holds every row that was confirmed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from device.services.audit_check import inspect
from protocol.audit import AuditRow
from protocol.identity import Identity
from tests.support.audit_rig import a_book, running_log

ROOT = Path(__file__).resolve().parents[3]
KILLS = 8


def written_until_killed(folder: Path, rows: int, later_s: float) -> list[int]:
    """The numbers that were confirmed before SIGKILL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.audit_writer", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    confirmed = [int(process.stdout.readline()) for _ in range(rows)]
    time.sleep(later_s)
    process.kill()
    rest, _ = process.communicate(timeout=10)
    # The last line may be cut in the middle of a number.
    return confirmed + [int(line) for line in rest.splitlines(keepends=True) if line[-1] == "\n"]


def keep(kept: dict[int, AuditRow], row: AuditRow, text: str) -> None:
    kept[row.number] = row


def test_a_kill_loses_no_row_that_was_confirmed(tmp_path: Path) -> None:
    chance = random.Random(7)
    confirmed = list[int]()
    for _ in range(KILLS):
        confirmed += written_until_killed(tmp_path, chance.randint(1, 10), chance.random() / 50)
        key = Identity.load_or_create(tmp_path / "identity.pem").public
        kept = dict[int, AuditRow]()
        inspect(tmp_path, key, partial(keep, kept))
        assert all(kept[number].what == "unlock_granted" for number in confirmed)
    assert len(set(confirmed)) == len(confirmed) >= KILLS
    assert not list(tmp_path.glob("*kept*"))


async def test_a_copied_log_of_another_doorbell_is_not_believed(tmp_path: Path) -> None:
    """The same files under another key: a card that was put into another house's doorbell."""
    async with running_log(tmp_path) as log:
        await log.write("paired")
    faults = list[str | None]()
    stranger = a_book(tmp_path, identity=Identity.generate())
    async with running_log(tmp_path, book=stranger, faults=faults) as log:
        await log.write("paired")
    assert "not signed by this doorbell" in (faults[0] or "")
