"""The way of one visit's pictures and sound to the recorder, whatever happens to it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiortc import RTCIceServer, RTCPeerConnection
from yarl import URL

from device.services.catch_up import CatchUp, Rewindable
from device.services.door_media import DoorMedia
from device.services.retry import Backoff
from device.services.whip import RecorderError, WhipClient
from media.addresses import ANY_NETWORK, Network
from media.hub import monotonic_us
from media.outgoing import PassthroughTrack, send_passthrough
from media.peer import (
    DescriptionError,
    PeerGoneError,
    accept_answer,
    close_peer,
    connected,
    gone,
    make_offer,
    open_peer,
    unheard,
)

log = logging.getLogger(__name__)

# Ten seconds of pre-roll at 2 Mbit/s are there in three seconds, and a Pi has time for calls.
CATCH_UP_BPS = 8_000_000
# A camera with a higher rate must still be caught up with.
CATCH_UP_FACTOR = 3
# A minute and a half of pictures and sound wait while the recorder is away.
QUEUED_PICTURES = 3000
QUEUED_SOUNDS = 5000
CONNECT_LIMIT_S = 10.0
# Pages and phones are told of a ring before the server is busy with its recording. The pre-roll
# waits in memory, so nothing is lost by it.
RING_FIRST_S = 0.2
# The recorder reports every second or so what it got.
UNHEARD_LIMIT_S = 6.0
# The last packets may have to be sent again.
LINGER_S = 0.3
# What has not arrived this long after the visit never will.
STOP_LIMIT_S = 60.0
RETRY_FIRST_S = 0.5
RETRY_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Route:
    """How the recorder is reached: directly, and by `ice_servers()` when that has failed."""

    ice_servers: Callable[[], Sequence[RTCIceServer]] = tuple
    network: Network = ANY_NETWORK


DIRECT = Route()


class Recording:
    """One visit: begins with the pre-roll when it is made, `stop()`, `run()` until all is sent.

    `on_trouble(sentence)` when the recorder does not take it, `on_trouble(None)` when it does.
    """

    def __init__(
        self,
        visit: str,
        media: DoorMedia,
        on_trouble: Callable[[str | None], None],
        stop_limit_s: float = STOP_LIMIT_S,
        *,
        route: Route = DIRECT,
    ) -> None:
        self.visit = visit
        self.gaps = 0
        self._media = media
        self._on_trouble = on_trouble
        self._route = route
        self._detour = False
        self._trouble: str | None = None
        self._stop_limit_s = stop_limit_s
        self._pictures = media.video.record(QUEUED_PICTURES)
        self._sounds = media.sound.record(QUEUED_SOUNDS)
        self._video = Rewindable(self._pictures)
        self._sound = Rewindable(self._sounds)
        self._stopping = asyncio.Event()
        self._done = asyncio.Event()

    def stop(self) -> None:
        """The visit is over; what waits is still sent. May be called twice."""
        self._pictures.finish()
        self._sounds.finish()
        self._stopping.set()

    async def run(self, whip: WhipClient) -> None:
        """Send everything up to `stop()`, in as many sessions as it takes."""
        try:
            async with asyncio.TaskGroup() as group:
                work = group.create_task(self._work(whip))
                await self._stopping.wait()
                try:
                    async with asyncio.timeout(self._stop_limit_s):
                        await self._done.wait()
                except TimeoutError:
                    log.warning("visit %s: the end of the recording is lost", self.visit)
                    work.cancel()
        finally:
            self._pictures.close()
            self._sounds.close()

    async def _work(self, whip: WhipClient) -> None:
        await asyncio.sleep(RING_FIRST_S)
        backoff = Backoff(RETRY_FIRST_S, RETRY_LIMIT_S)
        while True:
            try:
                await self._session(whip, backoff)
                break
            except (RecorderError, DescriptionError, PeerGoneError) as error:
                self._note(str(error))
                # A relay for a whole visit is dear; most recorders are reached without.
                self._detour = self._detour or isinstance(error, PeerGoneError)
                if isinstance(error, RecorderError) and error.hopeless:
                    break
                wished_s = error.retry_after_s if isinstance(error, RecorderError) else None
                await asyncio.sleep(max(wished_s or 0.0, backoff.next_s()))
                self._video.rewind()
                self._sound.rewind()
        self.gaps = self._pictures.gaps
        log.info("visit %s: recording over, %d gaps", self.visit, self.gaps)
        self._done.set()

    def _note(self, trouble: str | None) -> None:
        # The same answer to every try is one line.
        if trouble is not None and trouble != self._trouble:
            log.warning("visit %s: %s", self.visit, trouble)
        self._trouble = trouble
        self._on_trouble(trouble)

    async def _session(self, whip: WhipClient, backoff: Backoff) -> None:
        """One session, from the next picture to the end. Returns when all is sent."""
        try:
            first = await self._video.first()
        except StopAsyncIteration:
            return
        starts_ms, origin_us = _instant(first.at_us)
        rate_bps = max(CATCH_UP_BPS, CATCH_UP_FACTOR * self._media.bitrate_bps)
        flow = CatchUp(self._video, self._sound, origin_us, rate_bps)
        video = PassthroughTrack("video", flow.pictures(), origin_us)
        sound = PassthroughTrack("audio", flow.sounds(), origin_us)
        async with contextlib.AsyncExitStack() as closing:
            pc = open_peer(
                self._route.ice_servers() if self._detour else (), network=self._route.network
            )
            closing.push_async_callback(close_peer, pc)
            send_passthrough(pc, video, self._media.video.request_keyframe, exact=True)
            send_passthrough(pc, sound, exact=True)
            answer, session = await whip.open(self.visit, await make_offer(pc), starts_ms)
            closing.push_async_callback(_end, whip, session)
            await accept_answer(pc, answer)
            await _reached(pc)
            log.info("visit %s: recording", self.visit)
            self._note(None)
            backoff.reset()
            await _until_sent(pc, flow)


def _instant(at_us: int) -> tuple[int, int]:
    """Unix milliseconds of the last whole one before `at_us`, and that on the monotonic clock."""
    unix_us = time.time_ns() // 1000 - (monotonic_us() - at_us)
    return unix_us // 1000, at_us - unix_us % 1000


async def _reached(pc: RTCPeerConnection) -> None:
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            await connected(pc)
    except TimeoutError as error:
        raise PeerGoneError("The recorder's media port cannot be reached.") from error


async def _until_sent(pc: RTCPeerConnection, flow: CatchUp) -> None:
    """Wait until everything is on its way; PeerGoneError when the path is lost before."""
    try:
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_watch(pc))
            await flow.over()
            await asyncio.sleep(LINGER_S)
            watch.cancel()
    except* PeerGoneError as errors:
        raise PeerGoneError(str(errors.exceptions[0])) from errors


async def _watch(pc: RTCPeerConnection) -> None:
    """Raises PeerGoneError when the connection ends or nothing is reported back any more."""
    async with asyncio.TaskGroup() as group:
        ended, silent = (
            group.create_task(gone(pc)),
            group.create_task(unheard(pc, UNHEARD_LIMIT_S)),
        )
        await asyncio.wait((ended, silent), return_when=asyncio.FIRST_COMPLETED)
        over = ended.done()
        ended.cancel()
        silent.cancel()
    if over:
        raise PeerGoneError("The recorder has ended the session.")
    raise PeerGoneError("The recorder is not heard of any more.")


async def _end(whip: WhipClient, session: URL) -> None:
    try:
        await whip.end(session)
    except RecorderError as error:
        # The recorder notices by itself.
        log.info("a session could not be ended: %s", error)
