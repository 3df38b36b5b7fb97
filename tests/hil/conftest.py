"""The tests that need a Raspberry Pi's parts, or the virtual Pi: DOORSTEP_HIL=1 lets them run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.hil_bench import SIM_VARIABLE, WIRES_VARIABLE, Bench, bench_here
from tests.support.hil_house import UNITS, is_active, said

HERE = Path(__file__).parent
WANTED = os.environ.get("DOORSTEP_HIL") == "1"
# What has to be there, so that a broken driver is not taken for a missing one.
EXPECTED = frozenset(os.environ.get("DOORSTEP_HIL_EXPECT", "").split())
NO_BENCH = (
    f"Nobody is at the pins: set {SIM_VARIABLE} or {WIRES_VARIABLE} as docs/virtual-pi.md says."
)

Absent = Callable[[str, str], None]
_rows: list[tuple[str, str, str]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.hil)
            # picamera2 starts its threads in a way that newer Pythons advise against.
            item.add_marker(pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning"))
            if not WANTED:
                item.add_marker(pytest.mark.skip(reason="Needs a Raspberry Pi: make hil"))


@pytest.fixture(autouse=True, scope="session")
def free_parts() -> Iterator[None]:
    """Let the doorbell of this machine rest for the time of the tests: its parts are needed."""
    active = [unit for unit in UNITS if WANTED and is_active(unit)]
    if active:
        said("systemctl", "stop", *active)
    yield
    if active:
        said("systemctl", "start", *active)


@pytest.fixture
def absent() -> Absent:
    """Skip because a part is not there, with its sentence; fail if it was expected to be."""

    def skip(part: str, sentence: str) -> None:
        if part in EXPECTED:
            pytest.fail(f"The {part} should be here. {sentence}")
        pytest.skip(sentence)

    return skip


@pytest.fixture
def bench(absent: Absent) -> Bench:
    """Somebody at the pins."""
    found = bench_here()
    if found is None:
        absent("pins", NO_BENCH)
        raise AssertionError("unreachable")
    return found


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what the table at the end says."""
    if not WANTED or "hil" not in report.keywords:
        return
    if report.when == "call" or report.skipped or report.failed:
        noted = dict(report.user_properties)
        what = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        figure = f" ({noted['figure']})" if "figure" in noted else ""
        _rows.append((what, str(noted.get("driver", "")), _outcome(report) + figure))


def _outcome(report: pytest.TestReport) -> str:
    if report.passed:
        return f"ran, {report.duration:.1f} s"
    if report.skipped and isinstance(report.longrepr, tuple):
        return f"skipped: {report.longrepr[2].removeprefix('Skipped: ')}"
    return report.outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What ran on which real driver, and what did not."""
    if not _rows:
        return
    widths = [max(len(row[column]) for row in _rows) for column in (0, 1)]
    terminalreporter.section("on the real drivers")
    for what, driver, outcome in _rows:
        terminalreporter.line(f"{what:{widths[0]}}  {driver:{widths[1]}}  {outcome}")
