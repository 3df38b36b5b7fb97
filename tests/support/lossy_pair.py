"""A passthrough sender and a receiver in this process with an emulated network between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from media.frames import EncodedFrame
from media.incoming import EncodedTrack, ReceivedFrame, expect, receive_encoded
from media.outgoing import PassthroughTrack, send_passthrough
from media.peer import accept_answer, accept_offer, close_peer, connected, make_offer, open_peer
from media.sender import PassthroughSender
from tests.support.coded_video import pictures
from tests.support.link_emulator import EmulatedNetwork, bare_offer

FPS = 30
GROUP = 30
LIMIT_S = 15.0


@dataclass(slots=True)
class LiveDoor:
    """Pictures in real time; a wish for a keyframe is met by the next picture."""

    shots: tuple[bytes, ...] = field(default_factory=lambda: pictures(GROUP, noise=80))
    wishes: int = 0
    sent: int = 0
    paused: bool = False
    _wanted: bool = True

    def want_keyframe(self) -> None:
        self.wishes += 1
        self._wanted = True

    async def frames(self) -> AsyncIterator[EncodedFrame]:
        loop = asyncio.get_running_loop()
        due_s, place = loop.time(), 0
        while True:
            place = 0 if self._wanted else place % GROUP
            self._wanted = False
            at_us = int(due_s * 1_000_000)
            yield EncodedFrame("video", self.shots[place], at_us, place == 0)
            self.sent += 1
            place += 1
            due_s = max(due_s + 1 / FPS, loop.time())
            await asyncio.sleep(due_s - loop.time())
            while self.paused:  # noqa: ASYNC110 - pictures come at their own times
                await asyncio.sleep(1 / FPS)


@dataclass(slots=True)
class LossyPair:
    """`sending` on one side, `track` on the other, `network` between them."""

    door: LiveDoor
    sending: PassthroughSender
    track: EncodedTrack
    receiver: Any
    arrived: asyncio.Event
    taken: list[ReceivedFrame] = field(default_factory=list)

    async def until(self, condition: Callable[[], object]) -> None:
        """Take what arrives until `condition` holds."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await self.arrived.wait()
                self.arrived.clear()
                self.taken += self.track.take()


@asynccontextmanager
async def lossy_pair(network: EmulatedNetwork, *, rtx: bool = True) -> AsyncIterator[LossyPair]:
    """Connected; pictures flow. The receiver offers, as a phone does."""
    door, arrived = LiveDoor(), asyncio.Event()
    doorbell, phone = open_peer(), open_peer()
    try:
        transceiver = expect(phone, "video")
        if not rtx:
            kept = [c for c in transceiver._preferred_codecs if c.mimeType != "video/rtx"]
            transceiver.setCodecPreferences(kept)
        track = receive_encoded(transceiver.receiver, "video", arrived)
        sending = send_passthrough(
            doorbell, PassthroughTrack("video", door.frames()), door.want_keyframe
        )
        offer = await make_offer(phone)
        answer = await accept_offer(doorbell, bare_offer(offer))
        await accept_answer(phone, await network.relayed_answer(answer))
        async with asyncio.timeout(LIMIT_S):
            await connected(doorbell)
            await connected(phone)
        yield LossyPair(door, sending, track, transceiver.receiver, arrived)
    finally:
        await close_peer(doorbell)
        await close_peer(phone)
