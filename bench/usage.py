"""What a process of this machine has used, from /proc (proc(5))."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Processor seconds, user and system, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_mb(pid: int) -> float:
    """Resident memory that is not shared with files, plus what is, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


async def share_of_core(
    pid: int, seconds: float, sleep: Callable[[float], Awaitable[None]]
) -> float:
    """Percent of one core that a process uses over `seconds`."""
    used, began = cpu_s(pid), time.monotonic()
    await sleep(seconds)
    return 100 * (cpu_s(pid) - used) / (time.monotonic() - began)
