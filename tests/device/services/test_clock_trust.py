from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from device.services.clock import LAST_MS, Clock
from device.services.clock_trust import (
    LOOK_EVERY_S,
    NOT_BEFORE_S,
    STEP_BACK_S,
    WRITE_EVERY_S,
    ClockTrust,
    kernel_is_synchronized,
)
from tests.support.virtual_time import run_virtual

NOW_S = NOT_BEFORE_S + 1e6


class Kernel:
    """A wall clock and whether a time server has set it."""

    def __init__(self, wall_s: float = NOW_S) -> None:
        self.wall_s = wall_s
        self.synchronized = True

    def trust(self, path: Path) -> ClockTrust:
        return ClockTrust(path, "when_synchronized", lambda: self.wall_s, lambda: self.synchronized)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clock"


def live(trust: ClockTrust, seconds: float) -> None:
    """Let `run` look for some time."""

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(trust.run())
            await asyncio.sleep(seconds)
            task.cancel()

    run_virtual(main)


def test_the_kernel_can_be_asked() -> None:
    assert kernel_is_synchronized() in (True, False)


def test_a_clock_that_nobody_has_set_is_not_trusted(file: Path) -> None:
    kernel = Kernel()
    trust = kernel.trust(file)
    assert trust(NOW_S)
    kernel.synchronized = False
    assert not trust(NOW_S)


def test_before_the_software_was_made_is_no_time(file: Path) -> None:
    assert not Kernel().trust(file)(NOT_BEFORE_S - STEP_BACK_S - 1)


def test_always_is_always(file: Path) -> None:
    trust = ClockTrust(file, "always", lambda: 0.0, lambda: False)
    assert trust(0.0)
    live(trust, 2 * WRITE_EVERY_S)
    assert not file.exists()


def test_time_does_not_go_back_after_a_restart(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = Kernel()
    live(kernel.trust(file), 1)
    again = kernel.trust(file)
    assert again(NOW_S)
    assert again(NOW_S - STEP_BACK_S)
    assert not again(NOW_S - STEP_BACK_S - 1)
    kernel.wall_s = NOW_S - 1e6
    live(again, 10 * LOOK_EVERY_S)
    assert caplog.text.count("over already") == 1
    assert not again(kernel.wall_s)


def test_a_time_that_nobody_vouched_for_is_not_remembered(file: Path) -> None:
    kernel = Kernel(NOW_S + 1e9)
    kernel.synchronized = False
    trust = kernel.trust(file)
    live(trust, 2 * WRITE_EVERY_S)
    kernel.synchronized = True
    assert trust(NOW_S)
    assert not file.exists()


def test_the_card_is_written_four_times_a_day(file: Path) -> None:
    kernel = Kernel()
    trust = kernel.trust(file)
    live(trust, 1)
    kernel.wall_s += WRITE_EVERY_S - 1
    live(trust, 1)
    assert file.read_text() == f"{NOW_S:.0f}\n"
    kernel.wall_s += 1
    live(trust, 1)
    assert file.read_text() == f"{NOW_S + WRITE_EVERY_S:.0f}\n"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "soon", "nan", "12.5", "\xff"])
def test_a_damaged_file_counts_as_none(file: Path, text: str) -> None:
    file.write_text(text, "latin-1")
    assert Kernel().trust(file)(NOW_S)


def test_a_disk_that_takes_nothing_is_said_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    trust = Kernel().trust(tmp_path / "state" / "clock")
    live(trust, 3 * LOOK_EVERY_S)
    assert "cannot be written down" in caplog.text
    assert trust(NOW_S)


def test_local_time_is_the_house_own(monkeypatch: pytest.MonkeyPatch) -> None:
    # Monday 2027-03-01, 23:30 UTC, which is Tuesday in Berlin.
    clock = Clock(lambda: 1_803_943_800.0, lambda wall_s: False)
    local = clock.local()
    assert (local.epoch_ms, local.trusted) == (1_803_943_800_000, False)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    import time

    time.tzset()
    try:
        assert (clock.local().weekday, clock.local().minute) == (1, 30)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_clock_gone_mad_is_still_a_time() -> None:
    assert Clock(lambda: -1e9).local().epoch_ms == 0
    assert Clock(lambda: 1e11).local().epoch_ms == LAST_MS
