"""The picture on bad networks: a real browser whose calls run through an emulated link.

Alone: `python -m bench.network` (it takes seven minutes).
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from bench.row import Row
from scripts.browser import chromium, paired_page
from scripts.page_probes import PICTURES_SHOWN, WATCH_PICTURES
from scripts.stack import Stack
from tests.support.link_emulator import Conditions, EmulatedNetwork, through

LOSSES = (0.0, 0.01, 0.05)
# On each of both ways.
DELAYS_MS = (0, 100)
RATES_BPS = (600_000, 2_000_000, 20_000_000)
CELL_S = 15.0
# A call that has settled, a drop long enough to learn it by heart, and the recovery.
SETTLED_S = 5.0
NARROW_S = 12.0
RECOVERY_S = 12.0
FREEZE_BOUND_MS = 1000.0
BACK_BOUND_S = 10.0
HIGH_LEAST_WIDTH = 1000
NARROW = Conditions(rate_bps=600_000)
WIDE = Conditions(rate_bps=20_000_000)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the page presented it."""

    at_s: float
    width: int


@dataclass(frozen=True, slots=True)
class Watched:
    """What the page presented in one span of time, which began at `from_s`."""

    pictures: list[Picture]
    from_s: float
    to_s: float

    @property
    def longest_freeze_ms(self) -> float:
        """Between two pictures, or between the last one and the end."""
        times = [picture.at_s for picture in self.pictures] + [self.to_s]
        return 1000 * max((b - a for a, b in itertools.pairwise(times)), default=self.to_s)

    @property
    def high_share(self) -> float:
        """The share of the time for which the large picture was shown."""
        ends = [picture.at_s for picture in self.pictures[1:]] + [self.to_s]
        pairs = zip(self.pictures, ends, strict=True)
        high_s = sum(end - picture.at_s for picture, end in pairs if _is_high(picture))
        return high_s / max(1e-9, self.to_s - self.pictures[0].at_s) if self.pictures else 0.0

    @property
    def changes(self) -> int:
        """How often the layer changed."""
        widths = [_is_high(picture) for picture in self.pictures]
        return sum(a != b for a, b in itertools.pairwise(widths))

    def first_high_s(self) -> float | None:
        """How long after the beginning a large picture was shown."""
        return next((p.at_s - self.from_s for p in self.pictures if _is_high(p)), None)


def _is_high(picture: Picture) -> bool:
    return picture.width >= HIGH_LEAST_WIDTH


class Watch:
    """A page in a call, and everything that it presents."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def span(self, seconds: float) -> Watched:
        """The pictures of the next seconds."""
        from_s, _ = await self._now()
        await asyncio.sleep(seconds)
        to_s, shown = await self._now()
        return Watched([p for p in shown if from_s <= p.at_s < to_s], from_s, to_s)

    async def _now(self) -> tuple[float, list[Picture]]:
        now_ms, shown = await self._page.evaluate(PICTURES_SHOWN)
        return now_ms / 1000, [Picture(at_ms / 1000, width) for at_ms, width in shown]


@asynccontextmanager
async def watching(page: Page) -> AsyncIterator[Watch]:
    """A call from the first screen to its first picture, and hung up at the end."""
    await page.get_by_test_id("watch").first.click()
    await page.wait_for_function(
        "() => document.querySelector('[data-testid=live-video]')?.videoWidth > 0"
    )
    video = await page.get_by_test_id("live-video").element_handle()
    await page.evaluate(WATCH_PICTURES, video)
    yield Watch(page)
    await page.get_by_test_id("hang-up").click()
    await page.get_by_test_id("doorbell").first.wait_for()


async def rows(folder: Path) -> list[Row]:
    """Every cell of the matrix, then a drop and its recovery."""
    with Stack(folder / "network") as stack:
        async with (
            EmulatedNetwork(seed=1) as network,
            chromium() as browser,
            paired_page(browser, stack.pairing_link(), prepare=through(network)) as page,
        ):
            cells = [await _cell(network, page, *cell) for cell in _matrix()]
            return cells + await drop_rows(network, page)


def _matrix() -> itertools.product[tuple[float, int, int]]:
    return itertools.product(LOSSES, DELAYS_MS, RATES_BPS)


async def _cell(
    network: EmulatedNetwork, page: Page, loss: float, delay_ms: int, rate_bps: int
) -> Row:
    both = Conditions(loss=loss, delay_ms=delay_ms, rate_bps=rate_bps)
    network.change(up=both, down=both)
    async with watching(page) as watch:
        watched = await watch.span(CELL_S)
    name = f"longest freeze, {rate_bps / 1e6:g} Mbit/s, loss {loss:.0%}, delay {delay_ms} ms"
    note = f"large {watched.high_share:.0%} of the time, changed {watched.changes} times"
    row = Row(name, watched.longest_freeze_ms, "ms", FREEZE_BOUND_MS, note=note)
    print(row.as_text(), file=sys.stderr, flush=True)
    return row


async def drop_rows(network: EmulatedNetwork, page: Page) -> list[Row]:
    """20 Mbit/s, then 0.6, then 20 again."""
    network.change(up=WIDE, down=WIDE)
    async with watching(page) as watch:
        await asyncio.sleep(SETTLED_S)
        network.change(up=NARROW, down=NARROW)
        narrow = await watch.span(NARROW_S)
        network.change(up=WIDE, down=WIDE)
        wide = await watch.span(RECOVERY_S)
    back_s = wide.first_high_s()
    found = [
        Row("longest freeze at a drop to 600 kbit/s", narrow.longest_freeze_ms, "ms",
            FREEZE_BOUND_MS),
        Row("back to the large picture after recovery", RECOVERY_S if back_s is None else back_s,
            "s", BACK_BOUND_S),
        Row("longest freeze at the recovery", wide.longest_freeze_ms, "ms", FREEZE_BOUND_MS),
    ]  # fmt: skip
    for row in found:
        print(row.as_text(), file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as path:
        asyncio.run(rows(Path(path)))
