"""How small the process stays; the doorbell shares a small computer with others."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from device.memory import clean_text
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

HOLES = """
import json
from device.memory import stay_small

def resident_kb():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("RssAnon"))

stay_small()
before = resident_kb()
small = []
for _ in range(3):
    large = []
    for _ in range(8):
        large.append(bytearray(5_000_000))
        small.append(bytearray(2_000))
    most = resident_kb() - before
    large.clear()
print(json.dumps([most, resident_kb() - before]))
"""


def test_threads_share_their_heaps() -> None:
    told = _python(MANY_THREADS).stderr
    assert 1 <= told.count("Arena") <= 2


FORGETTING = """
import json, numpy, ssl
from device.memory import forget_start

def resident():
    fields = dict(line.split(":") for line in open("/proc/self/status") if line.startswith("Rss"))
    return {name: int(value.split()[0]) for name, value in fields.items()}

kept = numpy.arange(100_000)
before = resident()
forget_start()
after = resident()
print(json.dumps([before["RssFile"], after["RssFile"], before["RssAnon"], after["RssAnon"]]))
print(numpy.fft.rfft(kept)[0].real, ssl.create_default_context().check_hostname)
"""


def test_text_of_the_start_is_let_go_and_comes_back() -> None:
    told = _python(FORGETTING).stdout.splitlines()
    file_before, file_after, own_before, own_after = json.loads(told[0])
    assert file_after < file_before / 2
    # Not a byte of the program's own is lost.
    assert own_after >= own_before
    assert told[1] == "4999950000.0 True"


SMAPS = """\
{area} {rights} 00001000 fe:00 {file}
Rss:                 120 kB
Anonymous:             {own} kB
Swap:                  {swapped} kB
VmFlags: rd ex mr mw me
"""


@pytest.mark.parametrize(
    ("rights", "file", "own", "swapped", "is_clean"),
    [
        ("r-xp", "77 /usr/lib/libx.so", 0, 0, True),
        ("r--p", "77 /usr/lib/lib x.so (deleted)", 0, 0, True),
        ("r--p", "77 /usr/lib/libx.so", 4, 0, False),
        ("r--p", "77 /usr/lib/libx.so", 0, 8, False),
        ("rw-p", "77 /usr/lib/libx.so", 0, 0, False),
        ("r--s", "77 /usr/lib/libx.so", 0, 0, False),
        ("r-xp", "0 [vdso]", 0, 0, False),
        ("r--p", "0 ", 0, 0, False),
    ],
)
def test_only_bytes_that_a_file_has_are_let_go(
    rights: str, file: str, own: int, swapped: int, is_clean: bool
) -> None:
    one = {"rights": rights, "file": file, "own": own, "swapped": swapped}
    other = {"rights": "rw-p", "file": "0 [heap]", "own": 12, "swapped": 0}
    smaps = SMAPS.format(area="7f00-7fff", **one) + SMAPS.format(area="8000-8fff", **other)
    assert list(clean_text(smaps)) == ([(0x7F00, 0x7FFF)] if is_clean else [])


def test_large_things_leave_no_holes() -> None:
    """Pictures that came and went, with something small and lasting between them."""
    freed_kb, kept_kb = json.loads(_python(HOLES).stdout)
    assert kept_kb < freed_kb / 10


def test_a_doorbell_loads_only_what_it_needs() -> None:
    loaded = _python("import device.app, hardware.twin.board, sys; print(*sys.modules)").stdout
    assert not set(loaded.split()) & set(ELSEWHERE)


def _python(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
