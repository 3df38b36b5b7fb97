"""Looking back inside a call: how soon it plays in a browser, and what the live picture loses."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import BrowserContext, Page

from bench.row import Row
from scripts.browser import chromium, paired_page
from scripts.stack import Stack

ASKS = 5
PRE_ROLL_FILLS_S = 14.0
# The doorbell gives phones that ask within a second the same file; each ask is to be a new one.
PAUSE_S = 1.5

# Keeps the page's connections, to ask them what arrived, and the size of the last file.
KEEP_PEERS = """
(() => {
  const Native = globalThis.RTCPeerConnection;
  globalThis.doorstepPeers = [];
  globalThis.RTCPeerConnection = class extends Native {
    constructor(...how) { super(...how); globalThis.doorstepPeers.push(this); }
  };
  const address = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob) => {
    globalThis.doorstepBytes = blob.size;
    return address(blob);
  };
})();
"""

# Taps, waits until the first picture of the file can be shown; ms, and the file's size and length.
LOOK_BACK = """
async () => {
  const began = performance.now();
  document.querySelector('[data-testid=look-back]').click();
  const video = await new Promise((resolve) => {
    const look = () => {
      const found = document.querySelector('[data-testid=rewind-video]');
      if (found && found.readyState >= 2) resolve(found); else setTimeout(look, 5);
    };
    look();
  });
  const ms = performance.now() - began;
  return { ms, bytes: globalThis.doorstepBytes, seconds: video.duration };
}
"""

LIVE = """
async () => {
  const total = { lost: 0, freezes: 0 };
  for (const peer of globalThis.doorstepPeers) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type !== 'inbound-rtp' || stat.kind !== 'video') continue;
      total.lost += stat.packetsLost;
      total.freezes += stat.freezeCount;
    }
  }
  return total;
}
"""


@dataclass(frozen=True, slots=True)
class LookedBack:
    """One file: `ms` from the tap to its first picture, and how much that was."""

    ms: float
    bytes: int
    seconds: float


async def rows(folder: Path) -> list[Row]:
    """Ask several times during one call, with a pre-encoded camera of 2 Mbit/s."""
    with Stack(folder / "rewind", camera="loop") as stack:
        async with (
            chromium() as browser,
            paired_page(browser, stack.pairing_link(), prepare=_keep_peers) as page,
        ):
            await asyncio.sleep(PRE_ROLL_FILLS_S)
            await page.get_by_test_id("watch").first.click()
            await page.wait_for_function(
                "() => performance.getEntriesByName('doorstep:first-frame').length > 0"
            )
            await asyncio.sleep(PAUSE_S)
            before = await page.evaluate(LIVE)
            looks = [await _look_back(page) for _ in range(ASKS)]
            after = await page.evaluate(LIVE)
    megabytes = statistics.median(look.bytes for look in looks) / 1e6
    seconds = statistics.median(look.ms for look in looks) / 1000
    return [
        Row("looking back in a call: tap to its first picture", seconds, "s", 5,
            note=f"{megabytes:.1f} MB, over the call itself"),
        Row("looking back: seconds that it shows", min(look.seconds for look in looks), "s", 10,
            at_least=True),
        Row("live packets lost while files came", after["lost"] - before["lost"], "packets", 0),
        Row("live pictures frozen meanwhile", after["freezes"] - before["freezes"], "times", 0),
    ]  # fmt: skip


async def _keep_peers(context: BrowserContext) -> None:
    await context.add_init_script(KEEP_PEERS)


async def _look_back(page: Page) -> LookedBack:
    found = await page.evaluate(LOOK_BACK)
    await page.get_by_test_id("rewind-close").click()
    await asyncio.sleep(PAUSE_S)
    return LookedBack(found["ms"], found["bytes"], found["seconds"])
