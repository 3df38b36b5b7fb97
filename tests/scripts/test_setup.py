"""What `make run` and `make test` say on a machine that cannot run them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup.sh"
# Python 2 answers `-V` on stderr, and everything that is asked of it here with a failure.
OLD_PYTHON = '#!/bin/sh\n[ "$1" = -V ] && { echo "Python 2.7.18" >&2; exit 0; }\nexit 1\n'


def refused(python: str, *arguments: str) -> str:
    done = subprocess.run(
        [SETUP, *arguments],
        env={**os.environ, "PYTHON": python}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    [sentence] = done.stderr.splitlines()
    return sentence


@pytest.mark.parametrize("what", ["run", "test"])
def test_an_old_python_is_named_with_the_remedy(tmp_path: Path, what: str) -> None:
    old = tmp_path / "python2"
    old.write_text(OLD_PYTHON)
    old.chmod(0o755)
    sentence = refused(str(old), what)
    assert f"Python 3.11 or newer is needed; {old} is 2.7.18." in sentence
    assert "PYTHON=python3.12 make run" in sentence


def test_a_missing_python_is_said_with_the_remedy() -> None:
    assert "apt-get install python3" in refused("/nowhere/python3", "run")


def test_nothing_to_prepare_for_is_said() -> None:
    assert "scripts/setup.sh run" in refused("python3")
