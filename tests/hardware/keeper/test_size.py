"""The keeper is small: what is not in it cannot fail, and cannot be used against the door."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lock_keeper import ROOT, START_LIMIT_S

# Debian's own Python, as on a Raspberry Pi; others are larger before they begin.
SYSTEM_PYTHON = Path("/usr/bin/python3")
MEMORY_LIMIT_KIB = 12 * 1024
FOREIGN = {
    "asyncio", "logging", "threading", "argparse", "dataclasses", "json", "ssl", "gpiozero",
    "numpy", "pydantic", "media", "protocol", "device", "hardware.ports", "hardware.gpio",
}  # fmt: skip
MEASURE = """
import atexit, sys
atexit.register(lambda: print(open("/proc/self/status").read()))
from hardware.keeper.__main__ import main
main(sys.argv[1:])
"""


def test_it_imports_next_to_nothing() -> None:
    text = "import sys, hardware.keeper.__main__, tomllib; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-c", text],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert FOREIGN & set(done.stdout.split()) == set()


def _has_tomllib() -> bool:
    if not SYSTEM_PYTHON.exists():
        return False
    return subprocess.run([SYSTEM_PYTHON, "-c", "import tomllib"], check=False).returncode == 0


@pytest.mark.skipif(not _has_tomllib(), reason="The system has no Python 3.11 of its own.")
def test_it_fits_into_twelve_megabytes(tmp_path: Path) -> None:
    config = tmp_path / "device.toml"
    config.write_text("[pins]\nlock = 25\n")
    done = subprocess.run(
        [SYSTEM_PYTHON, "-E", "-s", "-c", MEASURE, "--config", str(config),
         "--relay", f"file:{tmp_path / 'relay'}", "--release"],
        cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT_S, check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    peak_kib = int(done.stdout.partition("VmHWM:")[2].split()[0])
    assert peak_kib <= MEMORY_LIMIT_KIB
