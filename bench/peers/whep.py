"""Watching and feeding any server by plain WHEP and WHIP, from here and from a browser's page."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
from playwright.async_api import Browser

from bench.peers.servers import PeerServer
from bench.streams import CONNECT_LIMIT_S, Viewer, pushed
from media.peer import accept_answer, close_peer, connected, make_offer, open_peer
from scripts.page_probes import PICTURE_AGES

TAKE_OFF_MS = 20_000
# What a page without preparations does between the tap and the first presented picture.
TAP_TO_FRAME = """
async (address) => {
  const tapped = performance.now();
  const pc = new RTCPeerConnection();
  pc.addTransceiver('video', { direction: 'recvonly' });
  const video = document.createElement('video');
  video.muted = true; video.autoplay = true; video.playsInline = true;
  document.body.replaceChildren(video);
  const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  pc.ontrack = ({ track }) => { video.srcObject = new MediaStream([track]); };
  await pc.setLocalDescription();
  const answer = await fetch(address, {
    method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription.sdp,
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  await shown;
  globalThis.watching?.close();
  globalThis.watching = pc;
  return performance.now() - tapped;
}
"""


async def post_offer(address: str, offer: str) -> str:
    """Post an SDP offer to a WHEP or WHIP address; its answer."""
    headers = {"Content-Type": "application/sdp"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(address, data=offer, headers=headers) as answer,
    ):
        if answer.status not in (200, 201):
            raise RuntimeError(f"{address} said {answer.status}: {await answer.text()}")
        return await answer.text()


@contextlib.asynccontextmanager
async def viewer(address: str) -> AsyncIterator[Viewer]:
    """A connected viewer that counts what it gets."""
    pc = open_peer()
    watching = Viewer(pc, control=False)
    try:
        await accept_answer(pc, await post_offer(address, await make_offer(pc)))
        async with asyncio.timeout(CONNECT_LIMIT_S):
            await connected(pc)
        yield watching
    finally:
        await close_peer(pc)


@contextlib.asynccontextmanager
async def pushed_to(
    folder: Path, server: PeerServer, names: Sequence[str], camera: str = "loop"
) -> AsyncIterator[None]:
    """One stream for each name, pushed to a server that records or hands on what it gets."""
    if server.record is None:
        raise ValueError(f"{server.name} takes no streams.")
    template = server.record

    async def post(number: int, offer: str) -> str:
        return await post_offer(template.format(name=names[number]), offer)

    async with pushed(folder, len(names), post, camera):
        yield


async def taps(browser: Browser, page_address: str, address: str, count: int) -> list[float]:
    """Milliseconds from a tap to the first picture, `count` times on one page."""
    page = await browser.new_page()
    try:
        await page.goto(page_address)
        page.set_default_timeout(TAKE_OFF_MS)
        return [float(await page.evaluate(TAP_TO_FRAME, address)) for _ in range(count)]
    finally:
        await page.close()


async def age(browser: Browser, page_address: str, address: str, pictures: int) -> float:
    """Median milliseconds from capture to presentation, read from the pictures themselves."""
    page = await browser.new_page()
    try:
        await page.goto(page_address)
        await page.evaluate(TAP_TO_FRAME, address)
        video = await page.query_selector("video")
        ages: list[float] = await page.evaluate(PICTURE_AGES, [video, pictures])
        return statistics.median(ages)
    finally:
        await page.close()
