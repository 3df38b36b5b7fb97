"""How many instructions the doorbell executes, counted by valgrind while it works in real time.

Counts, unlike times, do not depend on how busy or how fast the machine is. Valgrind is some
fifty times slower, so few pictures a second are shown and the cost of a picture is the
difference between two rates.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.streams import Viewer, viewer
from scripts.phone import Phone
from scripts.stack import ROOT, Stack, wait_until

# Under valgrind more would be late, and a late viewer gets the small picture.
RATES_FPS = (5, 8)
FULL_RATE_FPS, FULL_RATE_BPS = 30, 2_000_000
# Under valgrind the start alone takes a minute, and many on a busy machine.
START_LIMIT_S = 900.0
# Connections, first keyframes, and the end of start-up work.
SETTLE_S = 8.0
COUNT_S = 20.0
# A viewer that gets less of the stream than this was given the small picture.
ENOUGH = 0.7
ENCODED_PICTURES = (30, 90)


@dataclass(frozen=True, slots=True)
class Work:
    """Millions of instructions a second that do not depend on pictures, and for each picture."""

    always: float
    per_picture: float

    def a_second(self, fps: int = FULL_RATE_FPS) -> float:
        return self.always + self.per_picture * fps

    def beside(self, other: Work) -> Work:
        """What this does more than `other`."""
        return Work(self.always - other.always, self.per_picture - other.per_picture)


async def doorbell(folder: Path, viewers: int) -> Work:
    """The doorbell service with so many viewers, camera and encoder left out (pre-encoded)."""
    few, many = [await _counted(folder / f"{viewers}-{fps}", fps, viewers) for fps in RATES_FPS]
    per_picture = (many - few) / (RATES_FPS[1] - RATES_FPS[0])
    return Work(few - per_picture * RATES_FPS[0], per_picture)


async def x264_picture() -> float:
    """Millions of instructions to encode one drawn 720p picture, where the Pi has no encoder."""
    few, many = [await asyncio.to_thread(_encoding, count) for count in ENCODED_PICTURES]
    return (many - few) / (ENCODED_PICTURES[1] - ENCODED_PICTURES[0]) / 1e6


def _whole(bps: float, fps: int) -> None:
    """RuntimeError unless a viewer got the large picture whole."""
    wanted = FULL_RATE_BPS * fps / FULL_RATE_FPS
    if bps < ENOUGH * wanted:
        raise RuntimeError(f"A viewer got {bps / 1000:.0f} of {wanted / 1000:.0f} kbit/s.")


async def _counted(folder: Path, fps: int, viewers: int) -> float:
    """Millions of instructions a second at this rate."""
    options = ("--camera-fps", str(fps),
               "--camera-bitrate-bps", str(FULL_RATE_BPS * fps // FULL_RATE_FPS))  # fmt: skip
    with Stack(folder, camera="loop", doorbell_options=options) as stack:
        await asyncio.to_thread(_restart_under_valgrind, stack, folder)
        async with AsyncExitStack() as watching:
            there = [
                await watching.enter_async_context(_watching(stack, number))
                for number in range(viewers)
            ]
            await asyncio.sleep(SETTLE_S)
            for one in there:
                one.received_bps()
            count = await _count(stack.doorbell.pid, folder)
            for one in there:
                _whole(one.received_bps(), fps)
            return count


@asynccontextmanager
async def _watching(stack: Stack, number: int) -> AsyncIterator[Viewer]:
    link = await asyncio.to_thread(stack.pairing_link)
    async with await Phone.paired(link, f"Bench {number}") as phone, viewer(phone) as one:
        yield one


def _restart_under_valgrind(stack: Stack, folder: Path) -> None:
    """The first start has made the pre-encoded loop; that is not counted."""
    stack.doorbell.stop()
    wait_until("The end of the link", lambda: not stack.online())
    stack.doorbell.under = _callgrind(folder)
    stack.doorbell.start()
    wait_until("The doorbell's link", stack.online, START_LIMIT_S)


async def _count(pid: int, folder: Path) -> float:
    await asyncio.to_thread(_dumped, pid, folder)
    began = time.monotonic()
    await asyncio.sleep(COUNT_S)
    count = await asyncio.to_thread(_dumped, pid, folder)
    return count / (time.monotonic() - began) / 1e6


def _dumped(pid: int, folder: Path) -> int:
    """Instructions since the last dump."""
    before = set(folder.glob("callgrind.*"))
    subprocess.run(
        ["callgrind_control", "--dump", str(pid)],
        check=True, stdout=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    wait_until("Valgrind's dump", lambda: _total(set(folder.glob("callgrind.*")) - before) > 0)
    return _total(set(folder.glob("callgrind.*")) - before)


def _total(dumps: set[Path]) -> int:
    texts = (dump.read_text("utf-8", "replace") for dump in dumps)
    found = [re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE) for text in texts]
    return sum(int(match.group(1)) for match in found if match)


def _encoding(count: int) -> int:
    """Instructions of a process that draws one porch and encodes it so many times."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [*_callgrind(Path(folder)), sys.executable, "-c", _ENCODE.format(count=count)],
            cwd=ROOT, check=True, timeout=START_LIMIT_S,
        )  # fmt: skip
        return _total(set(Path(folder).glob("callgrind.*")))


def _callgrind(folder: Path) -> tuple[str, ...]:
    return ("valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.%p")


# A picture that moves a little each time, as a camera's noise does.
_ENCODE = """
import av, numpy as np
from hardware.x264 import H264Encoder
from media.frames import VideoFormat
noise = np.random.default_rng(1)
rows = np.linspace(40, 200, 720 * 3 // 2)[:, None] + np.linspace(0, 30, 1280)[None, :]
encoder = H264Encoder(VideoFormat(1280, 720, 30, 2_000_000))
for number in range({count}):
    picture = np.roll(rows, number % 7, axis=1) + noise.integers(-2, 3, (8, 1280)).repeat(135, 0)
    frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="yuv420p")
    encoder.encode(frame, number * 33_333, number == 0)
"""
