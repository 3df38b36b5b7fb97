"""What a real browser makes of our packets: repairs, padding and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from media.outgoing import PassthroughTrack, send_passthrough
from media.peer import accept_offer, close_peer, connected, open_peer
from media.sender import PassthroughSender
from scripts.browser import chromium
from tests.support.link_emulator import Conditions, EmulatedNetwork, bare_offer
from tests.support.lossy_pair import LiveDoor

LIMIT_S = 20.0
OFFER = """async () => {
    const video = document.createElement('video');
    video.muted = video.autoplay = true;
    document.body.append(video);
    const pc = window.pc = new RTCPeerConnection();
    pc.addTransceiver('video', {direction: 'recvonly'});
    pc.ontrack = event => { video.srcObject = new MediaStream([event.track]); };
    await pc.setLocalDescription(await pc.createOffer());
    return pc.localDescription.sdp;
}"""
ANSWER = "async (sdp) => { await pc.setRemoteDescription({type: 'answer', sdp}); }"
COUNTS = """async () => {
    const all = [...(await pc.getStats()).values()];
    return all.find(one => one.type === 'inbound-rtp' && one.kind === 'video') || {};
}"""


@dataclass(slots=True)
class Watching:
    """A page that watches a live door."""

    page: Page
    door: LiveDoor
    sending: PassthroughSender

    async def counts(self) -> dict[str, Any]:
        """What the page says of the stream that it receives."""
        found: dict[str, Any] = await self.page.evaluate(COUNTS)
        return found

    async def until(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Ask until it holds."""
        async with asyncio.timeout(LIMIT_S):
            while not holds(found := await self.counts()):  # noqa: ASYNC110 - a page is asked
                await asyncio.sleep(0.1)
        return found


@asynccontextmanager
async def watching(network: EmulatedNetwork) -> AsyncIterator[Watching]:
    door, doorbell = LiveDoor(), open_peer()
    async with chromium() as browser:
        page = await browser.new_page()
        try:
            track = PassthroughTrack("video", door.frames())
            sending = send_passthrough(doorbell, track, door.want_keyframe)
            answer = await accept_offer(doorbell, bare_offer(await page.evaluate(OFFER)))
            await page.evaluate(ANSWER, await network.relayed_answer(answer))
            async with asyncio.timeout(LIMIT_S):
                await connected(doorbell)
            yield Watching(page, door, sending)
        finally:
            await close_peer(doorbell)


def decoded(count: int) -> Callable[[dict[str, Any]], object]:
    return lambda found: found.get("framesDecoded", 0) >= count


async def test_lost_packets_are_repaired_before_the_picture_freezes() -> None:
    async with EmulatedNetwork(seed=11) as network, watching(network) as watch:
        before = await watch.until(decoded(30))
        network.change(down=Conditions(loss=0.05, delay_ms=20))
        after = await watch.until(decoded(before["framesDecoded"] + 120))
        lost = network.links[0].down.lost
    assert lost > 20
    assert after["retransmittedPacketsReceived"] > 0.7 * lost
    # A first loss makes the player wait longer from then on; that may show once.
    assert after["totalFreezesDuration"] - before["totalFreezesDuration"] < 1.0
    assert after["keyFramesDecoded"] - before["keyFramesDecoded"] <= 6


async def test_padding_is_received_and_shows_nowhere() -> None:
    async with EmulatedNetwork(seed=12) as network, watching(network) as watch:
        before = await watch.until(decoded(30))
        wishes, sent = watch.door.wishes, watch.sending.sent_bytes
        watch.sending.padding_bps = 800_000
        after = await watch.until(decoded(before["framesDecoded"] + 60))
        watch.sending.padding_bps = 0
        sent = watch.sending.sent_bytes - sent
    assert after["retransmittedPacketsReceived"] > 80
    assert after["bytesReceived"] - before["bytesReceived"] > 0.7 * sent
    assert after["packetsLost"] == 0
    assert watch.door.wishes == wishes


async def test_its_reports_become_the_reception() -> None:
    slow = Conditions(delay_ms=60)
    async with EmulatedNetwork(seed=13, down=slow) as network, watching(network) as watch:
        await watch.until(lambda _: watch.sending.reception.limit_bps)
        await watch.until(lambda _: watch.sending.reception.round_trip_s)
        reception = watch.sending.reception
    assert reception.round_trip_s is not None
    assert 0.055 < reception.round_trip_s < 0.3
    assert reception.loss < 0.5
