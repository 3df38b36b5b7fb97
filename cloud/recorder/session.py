"""One WHIP session: what an encoder sends, written to parts of its visit as it comes."""

from __future__ import annotations

import asyncio
import heapq
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from operator import attrgetter

from aiortc import RTCPeerConnection

from cloud.recorder.allowance import Allowance
from cloud.recorder.offers import Offer
from cloud.recorder.parts import PartsWriter
from cloud.recorder.ports import Limits, VisitKey, Watch
from cloud.recorder.threads import DiskThreads
from cloud.recorder.timeline import Timeline
from media.fmp4 import ClipError
from media.frames import Kind
from media.incoming import EncodedTrack, expect, receive_encoded
from media.peer import accept_offer, close_peer
from media.traffic import received

log = logging.getLogger(__name__)

# Frames are handed to the disk's thread together: seldom enough to cost nothing, often enough
# that a killed server loses less than a second with the unfinished fragment.
BATCH_S = 0.2
# How often an idle session looks whether it is over.
LOOK_S = 1.0
# 144 bits: nobody guesses the address of a session (RFC 9725 section 6).
SESSION_ID_BYTES = 18
# Why a session ends, as logs and figures say it.
REASONS = {
    "closed": "closed",
    "lost": "the connection is lost",
    "stopped": "the encoder has stopped",
    "silent": "no media",
    "long": "long enough",
    "flood": "the encoder sends more than one recording may",
    "unwritable": "no clip can be made of it",
}


@dataclass(slots=True)
class Session:
    """The life of one session. `run` ends when it is over, with all parts closed."""

    key: VisitKey
    pc: RTCPeerConnection
    offer: Offer
    parts: PartsWriter
    timeline: Timeline
    limits: Limits
    disk: DiskThreads
    on_started: Callable[[VisitKey, int], Awaitable[None]]
    watch: Watch = field(default_factory=Watch)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(SESSION_ID_BYTES))
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    ufrag: str = ""
    token: str | None = None
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _tracks: list[EncodedTrack] = field(default_factory=list)
    _stopped: bool = False
    _heard_at: float = 0.0
    _gaps: int = 0

    async def answer(self, kinds: list[Kind]) -> str:
        """Our SDP answer; raises as `media.peer.accept_offer` does."""
        self.parts.sound = "audio" in kinds
        self.parts.parameter_sets = self.offer.parameter_sets
        for kind in kinds:
            receiver = expect(self.pc, kind).receiver
            limit = self.limits.waiting_bytes
            self._tracks.append(receive_encoded(receiver, kind, self._arrived, limit))
        return self.offer.answered(await accept_offer(self.pc, self.offer.sdp))

    def stop(self) -> None:
        """Ask the session to end."""
        self._stopped = True
        self._arrived.set()

    async def run(self) -> None:
        """Record until the session is over."""
        self.pc.on("connectionstatechange", self._arrived.set)
        log.info("recording of visit %s opens", self.key.visit)
        reason = "closed"
        try:
            reason = await self._record()
            log.info("recording of visit %s ends: %s", self.key.visit, REASONS[reason])
        except ClipError as error:
            reason = "unwritable"
            log.error("recording of visit %s ends: %s", self.key.visit, error)
        finally:
            self.watch.on_ended(reason)
            await self._close()

    async def _record(self) -> str:
        loop = asyncio.get_running_loop()
        limits = self.limits
        allowance = Allowance(limits.bytes_per_s, limits.packets_per_s, limits.burst_s)
        began_at = self._heard_at = loop.time()
        while (reason := self._over(began_at, loop.time())) is None:
            await self._something()
            if allowance.exceeded(received(self.pc), loop.time()):
                return "flood"
            if await self._write_waiting():
                self._heard_at = loop.time()
        return reason

    def _over(self, began_at: float, now: float) -> str | None:
        """Why the session is over, or None."""
        if self._stopped:
            return "closed"
        if self.pc.connectionState in ("failed", "closed"):
            return "lost"
        if self._tracks and all(track.ended for track in self._tracks):
            return "stopped"
        if now - self._heard_at > self.limits.idle_s:
            return "silent"
        if now - began_at > self.limits.longest_s:
            return "long"
        return None

    async def _something(self) -> None:
        try:
            async with asyncio.timeout(min(LOOK_S, self.limits.idle_s)):
                await self._arrived.wait()
        except TimeoutError:
            return
        self._arrived.clear()
        if not self._stopped:
            await asyncio.sleep(BATCH_S)

    async def _write_waiting(self) -> bool:
        """Put to disk what has arrived; whether anything had."""
        self.timeline.align({t.kind: t.report for t in self._tracks if t.report is not None})
        taken = [[self.timeline.captured(f) for f in track.take()] for track in self._tracks]
        # Merged, not sorted: a track's own order is that in which it must be decoded.
        frames = list(heapq.merge(*taken, key=attrgetter("at_us")))
        if not frames:
            return False
        self._count(sum(len(frame.data) for frame in frames))
        if await self.disk.write(lambda: self.parts.write(frames)) and self.parts.part is not None:
            await self.on_started(self.key, self.parts.part.starts_ms)
        return True

    def _count(self, size_bytes: int) -> None:
        self.watch.on_bytes(size_bytes)
        gaps = sum(track.gaps for track in self._tracks)
        if gaps > self._gaps:
            self.watch.on_gap(gaps - self._gaps)
            self._gaps = gaps

    async def _close(self) -> None:
        """Close the connection and the last part, with what had arrived in it."""
        try:
            await close_peer(self.pc)
            await self._write_waiting()
        except ClipError as error:
            log.error("the end of visit %s is lost: %s", self.key.visit, error)
        finally:
            try:
                await self.disk.write(self.parts.close)
            except ClipError as error:
                log.error("a part of visit %s is left unfinished: %s", self.key.visit, error)
