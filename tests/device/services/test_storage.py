"""What is said of a card that takes nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from device.services import storage
from device.services.storage import Storage, trouble
from tests.support.door import eventually, running
from tests.support.mounted import a_card, fill, make, needs_mounts

ROOT = Path(__file__).resolve().parents[3]


def test_a_card_that_is_well_is_no_trouble(tmp_path: Path) -> None:
    assert trouble(tmp_path) is None


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    assert "does not answer (No such file" in str(trouble(tmp_path / "gone"))


@needs_mounts
async def test_a_card_is_said_to_be_read_only_full_and_well_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOOK_EVERY_S", 0.01)
    said: list[str | None] = []
    with a_card(tmp_path / "card") as card:
        async with running(Storage(card, said.append).run):
            await asyncio.sleep(0.05)
            assert said == []
            make(card, "ro")
            await eventually(lambda: len(said) == 1)
            make(card, "rw")
            await eventually(lambda: len(said) == 2)
            filling = fill(card)
            await eventually(lambda: len(said) == 3)
            filling.unlink()
            await eventually(lambda: len(said) == 4)
    assert "read-only" in str(said[0])
    assert "full (0 MB are free)" in str(said[2])
    assert said[1] is said[3] is None


@pytest.mark.skipif(os.getuid() != 0, reason="Only root can become somebody else.")
def test_another_users_folder_is_said(tmp_path: Path) -> None:
    # The test's own folder is closed to others.
    folder = Path("/tmp") / f"doorstep-storage-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        asked = (
            "import os; from device.services.storage import trouble; os.setuid(65534);"
            f" print(trouble({str(folder)!r}))"
        )
        said = subprocess.run(
            [sys.executable, "-c", asked],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    finally:
        folder.rmdir()
    assert f"may not write to {folder}" in said
    assert "sudo chown" in said
