"""How small the process stays; the doorbell shares a small computer with others."""

from __future__ import annotations

import subprocess
import sys

from scripts.stack import ROOT

# Of use to the server, or only to those who have a broker, a USB camera or a code to print.
ELSEWHERE = ("aiomqtt", "alembic", "fastapi", "linuxpy", "paho", "segno", "sqlalchemy", "uvicorn")
# Each thread allocates what stays below the size that malloc maps by itself, all at once.
MANY_THREADS = """
import ctypes, threading
from device.memory import ARENAS, stay_small

stay_small()
together = threading.Barrier(ARENAS + 6)

def allocate():
    together.wait()
    kept = [bytes(20_000) for _ in range(50)]
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(ARENAS + 6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def test_threads_share_their_heaps() -> None:
    told = _python(MANY_THREADS).stderr
    assert 1 <= told.count("Arena") <= 2


def test_a_doorbell_loads_only_what_it_needs() -> None:
    loaded = _python("import device.app, hardware.twin.board, sys; print(*sys.modules)").stdout
    assert not set(loaded.split()) & set(ELSEWHERE)


def _python(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
