"""Server and doorbell write one log, though neither may import the other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = """
import logging
from {module} import set_up

set_up("info", {environment})
logging.getLogger("{package}.part").info("something %s", "happened")
logging.getLogger("{package}.part").debug("a detail")
logging.getLogger("media.guard").info("said by both")
logging.getLogger("alembic.runtime").info("a library at work")
logging.getLogger("alembic.runtime").warning("a library in trouble")
"""
BOTH = pytest.mark.parametrize(
    ("module", "package"), [("cloud.shared.logs", "cloud"), ("device.logs", "device")]
)


@BOTH
def test_a_line_has_time_level_name_and_words(module: str, package: str) -> None:
    lines = _logged(module, package, {})
    assert [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in lines] == [
        f"INFO    {package}.part: something happened",
        "INFO    media.guard: said by both",
        "WARNING alembic.runtime: a library in trouble",
    ]
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)


@BOTH
def test_under_systemd_a_line_leaves_the_time_to_the_journal(module: str, package: str) -> None:
    lines = _logged(module, package, {"JOURNAL_STREAM": "8:12345"})
    assert lines[0] == f"INFO    {package}.part: something happened"


def _logged(module: str, package: str, environment: dict[str, str]) -> list[str]:
    text = LINES.format(module=module, package=package, environment=environment)
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()
