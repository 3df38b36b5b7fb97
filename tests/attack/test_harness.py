"""The whole of `make attack`, with fewer of each kind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.stack import ROOT

# Some twenty processes are started, and a busy machine starts them slowly.
LIMIT_S = 900
KINDS = 21


@pytest.mark.e2e
@pytest.mark.services
def test_every_kind_of_attack_is_tried_and_held() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "attack", "--quick"],
        cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    rows = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert len(rows) == 1 + KINDS + 1, done.stdout
    assert rows[-1].endswith("0 edges on the lock pin, 0 bytes leaked.")
