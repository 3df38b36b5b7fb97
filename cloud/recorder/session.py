"""One WHIP session: what an encoder sends, written to parts of its visit as it comes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiortc import RTCPeerConnection

from cloud.recorder.ports import Limits, VisitKey
from cloud.recorder.spool import Part, Spool
from cloud.recorder.threads import on_thread
from cloud.recorder.timeline import Timeline
from media.fmp4 import ClipError, ClipWriter, FormatChangedError
from media.frames import EncodedFrame, Kind
from media.incoming import EncodedTrack, expect, receive_encoded
from media.peer import accept_offer

log = logging.getLogger(__name__)

# Frames are handed to the disk's thread together: seldom enough to cost nothing, often enough
# that a killed server loses less than a second with the unfinished fragment.
BATCH_S = 0.2
# How often an idle session looks whether it is over.
LOOK_S = 1.0
# 144 bits: nobody guesses the address of a session (RFC 9725 section 6).
SESSION_ID_BYTES = 18


@dataclass(slots=True)
class Session:
    """The life of one session. `run` ends when it is over, with all parts closed."""

    key: VisitKey
    pc: RTCPeerConnection
    spool: Spool
    timeline: Timeline
    limits: Limits
    on_started: Callable[[VisitKey, int], Awaitable[None]]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(SESSION_ID_BYTES))
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    ufrag: str = ""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _tracks: list[EncodedTrack] = field(default_factory=list)
    _stopped: bool = False
    _heard_at: float = 0.0
    _part: Part | None = None
    _writer: ClipWriter | None = None

    async def answer(self, offer: str, kinds: list[Kind]) -> str:
        """Our SDP answer; raises as `media.peer.accept_offer` does."""
        for kind in kinds:
            transceiver = expect(self.pc, kind)
            self._tracks.append(receive_encoded(transceiver.receiver, kind, self._arrived))
        return await accept_offer(self.pc, offer)

    def stop(self) -> None:
        """Ask the session to end."""
        self._stopped = True
        self._arrived.set()

    async def run(self) -> None:
        """Record until the session is over."""
        self.pc.on("connectionstatechange", self._arrived.set)
        loop = asyncio.get_running_loop()
        began_at = self._heard_at = loop.time()
        log.info("recording of visit %s opens", self.key.visit)
        try:
            while (reason := self._over(began_at, loop.time())) is None:
                await self._something()
                if await self._write_waiting():
                    self._heard_at = loop.time()
            log.info("recording of visit %s ends: %s", self.key.visit, reason)
        except ClipError as error:
            log.error("recording of visit %s ends: %s", self.key.visit, error)
        finally:
            await self._close()

    def _over(self, began_at: float, now: float) -> str | None:
        """Why the session is over, or None."""
        if self._stopped:
            return "closed"
        if self.pc.connectionState in ("failed", "closed"):
            return "the connection is lost"
        if self._tracks and all(track.ended for track in self._tracks):
            return "the encoder has stopped"
        if now - self._heard_at > self.limits.idle_s:
            return "no media"
        if now - began_at > self.limits.longest_s:
            return "long enough"
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
        frames = [self.timeline.captured(frame) for track in self._tracks for frame in track.take()]
        if not frames:
            return False
        frames.sort(key=lambda frame: frame.at_us)
        if await on_thread(lambda: self._write(frames)) and self._part is not None:
            await self.on_started(self.key, self._part.starts_ms)
        return True

    def _write(self, frames: list[EncodedFrame]) -> bool:
        """Append to the current part; whether the first picture of all was among them."""
        had_none = self._part is None
        for frame in frames:
            if self._writer is None:
                if not (frame.kind == "video" and frame.keyframe):
                    continue
                self._open_part(frame)
            try:
                self._append(frame)
            except FormatChangedError:
                self._close_part()
                self._open_part(frame)
                self._append(frame)
        return had_none and self._part is not None

    def _append(self, frame: EncodedFrame) -> None:
        if self._writer is not None:
            self._writer.write(frame)

    def _open_part(self, first: EncodedFrame) -> None:
        try:
            self._part = self.spool.new_part(self.key, first.at_us // 1000)
        except OSError as error:
            raise ClipError(f"The clip cannot be written: {error}") from error
        sound = any(track.kind == "audio" for track in self._tracks)
        self._writer = ClipWriter(self._part.path, sound=sound)

    def _close_part(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _close(self) -> None:
        """Close the connection and the last part, with what had arrived in it."""
        try:
            await self.pc.close()
            await self._write_waiting()
        except ClipError as error:
            log.error("the end of visit %s is lost: %s", self.key.visit, error)
        finally:
            try:
                await on_thread(self._close_part)
            except ClipError as error:
                log.error("a part of visit %s is left unfinished: %s", self.key.visit, error)
