"""What a Raspberry Pi will need, worked out from counted instructions until one is measured.

    percent of a core = instructions a second / (clock × instructions per cycle) × (1 + kernel)

The instructions are counted here, for x86-64. What a Pi's core does per cycle in such programs
is an assumption, on the careful side, and so is that arm64 needs as many instructions; `kernel`
is this machine's ratio of system to user time, loopback included.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.instructions import FULL_RATE_FPS, doorbell, x264_picture
from bench.row import Row
from bench.streams import viewer
from bench.usage import resident_mb
from scripts.phone import Phone
from scripts.stack import Stack

VIEWERS = 2
# One more would be late under valgrind.
COUNTED_VIEWERS = 1
MEASURE_S = 10.0
SETTLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Pi:
    """A model: its core's clock and what it is assumed to execute per cycle."""

    name: str
    clock_ghz: float
    per_cycle: float
    has_encoder: bool

    def share(self, million_a_second: float, kernel: float) -> float:
        """Percent of one core."""
        return 100 * million_a_second * (1 + kernel) / (1000 * self.clock_ghz * self.per_cycle)


# Clocks are the makers'. Per cycle: an in-order Cortex-A53 waits for memory most of the time,
# a Cortex-A72 does about twice as much, a Cortex-A76 three times.
PIS = (
    Pi("Zero 2 W", 1.0, 0.5, has_encoder=True),
    Pi("3 B+", 1.4, 0.5, has_encoder=True),
    Pi("4", 1.5, 1.0, has_encoder=True),
    Pi("5", 2.4, 1.5, has_encoder=False),
)


async def rows(folder: Path) -> list[Row]:
    """Counts first, then the arithmetic for each model."""
    kernel, memory = await _kernel_and_memory(folder / "native")
    idle = await doorbell(folder, viewers=0)
    watched = await doorbell(folder, viewers=COUNTED_VIEWERS)
    each = watched.beside(idle).a_second() / COUNTED_VIEWERS
    picture = await x264_picture()
    return [
        Row("doorbell without viewers, 720p30, camera and encoder left out", idle.a_second(),
            "M instr/s"),
        Row("each viewer, 720p30 at 2 Mbit/s, with sound", each, "M instr/s"),
        Row("encoding one 720p picture by libx264", picture, "M instr"),
        Row("system time for each second of user time, with viewers", kernel, "s"),
        Row("memory for each viewer", memory, "MB"),
        *(row for pi in PIS for row in _estimates(pi, idle.a_second(), each, picture, kernel)),
    ]  # fmt: skip


def _estimates(pi: Pi, idle: float, each: float, picture: float, kernel: float) -> list[Row]:
    """Rows of one model, all of them estimates."""
    name = f"estimate, Pi {pi.name}: "
    encoding = [] if pi.has_encoder else [
        Row(f"{name}encoding 720p30", pi.share(picture * FULL_RATE_FPS, 0), "% core")
    ]  # fmt: skip
    return [
        Row(f"{name}doorbell without viewers", pi.share(idle, kernel), "% core"),
        *encoding,
        Row(f"{name}each viewer", pi.share(each, kernel), "% core"),
    ]


async def _kernel_and_memory(folder: Path) -> tuple[float, float]:
    """System per user time while viewers watch, and the megabytes that each of them takes."""
    with Stack(folder, camera="loop") as stack:
        await asyncio.sleep(SETTLE_S)
        pid, before = stack.doorbell.pid, resident_mb(stack.doorbell.pid)
        async with AsyncExitStack() as watching:
            for number in range(VIEWERS):
                phone = await Phone.paired(stack.pairing_link(), f"Bench {number}")
                await watching.enter_async_context(phone)
                await watching.enter_async_context(viewer(phone))
            await asyncio.sleep(SETTLE_S)
            user, system = _times(pid)
            await asyncio.sleep(MEASURE_S)
            later = _times(pid)
            memory = (resident_mb(pid) - before) / VIEWERS
    return (later[1] - system) / max(later[0] - user, 1 / os.sysconf("SC_CLK_TCK")), memory


def _times(pid: int) -> tuple[float, float]:
    """Seconds of user and of system time (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / ticks, int(fields[12]) / ticks
