"""Recordings and snapshots on their way to the server."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

import aiohttp
from aiortc import RTCIceServer

from device.services.door_media import DoorMedia, OnFault, ignore_fault
from device.services.recording import Recording, Route
from device.services.retry import Backoff
from device.services.whip import RecorderError, WhipClient
from media.addresses import ANY_NETWORK, Network
from protocol.identity import Identity

log = logging.getLogger(__name__)

# The server learns of the visit over another path and may be a moment behind.
SNAPSHOT_FIRST_S = 0.25
SNAPSHOT_LIMIT_S = 20.0
# With the waits above: about two minutes, longer than a server takes to start again.
SNAPSHOT_TRIES = 12

Job = Callable[[WhipClient], Awaitable[None]]


class Uplink:
    """`start`, `stop` and `put_snapshot` return at once and may be called before `run()`.

    `server` is its address without a path. `on_fault("recorder", sentence)` says that recordings
    do not arrive, `on_fault("recorder", None)` that they do again.
    """

    def __init__(
        self,
        media: DoorMedia,
        server: str,
        identity: Identity,
        on_fault: OnFault = ignore_fault,
        *,
        ice_servers: Callable[[], Sequence[RTCIceServer]] = tuple,
        network: Network = ANY_NETWORK,
    ) -> None:
        self._media = media
        self._server = server
        self._identity = identity
        self._on_fault = on_fault
        self._route = Route(ice_servers, network)
        self._troubled = False
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._recordings: dict[str, Recording] = {}

    def start(self, visit: str) -> None:
        """Record this visit, its pre-roll from this moment back. Twice is once."""
        if visit not in self._recordings:
            recording = Recording(visit, self._media, self._note, route=self._route)
            self._recordings[visit] = recording
            self._jobs.put_nowait(functools.partial(self._record, recording))

    def stop(self, visit: str) -> None:
        """The visit is over; its recording ends when everything has been sent."""
        if (recording := self._recordings.get(visit)) is not None:
            recording.stop()

    def put_snapshot(self, visit: str, jpeg: bytes) -> None:
        """Send the picture of a visit, again and again until the server has it."""
        self._jobs.put_nowait(functools.partial(_put_snapshot, visit=visit, jpeg=jpeg))

    async def run(self) -> NoReturn:
        """Send until cancelled."""
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            whip = WhipClient(http, self._server, self._identity.id, self._token)
            while True:
                job = await self._jobs.get()
                group.create_task(_guarded(job, whip))

    def _token(self) -> str:
        return self._identity.token("record", time.time())

    async def _record(self, recording: Recording, whip: WhipClient) -> None:
        try:
            await recording.run(whip)
        finally:
            del self._recordings[recording.visit]

    def _note(self, trouble: str | None) -> None:
        if trouble is not None or self._troubled:
            self._on_fault("recorder", trouble)
        self._troubled = trouble is not None


async def _guarded(job: Job, whip: WhipClient) -> None:
    try:
        await job(whip)
    except Exception:
        # One recording's fault must not end the others.
        log.exception("an upload was ended by a fault")


async def _put_snapshot(whip: WhipClient, visit: str, jpeg: bytes) -> None:
    backoff = Backoff(SNAPSHOT_FIRST_S, SNAPSHOT_LIMIT_S)
    for tries in range(SNAPSHOT_TRIES):
        try:
            await whip.snapshot(visit, jpeg)
            return
        except RecorderError as error:
            # The first refusal says it all; the next ones are the same.
            level = logging.DEBUG if tries else logging.INFO
            log.log(level, "visit %s: the snapshot was not taken: %s", visit, error)
            if error.hopeless:
                return
            await asyncio.sleep(max(error.retry_after_s or 0.0, backoff.next_s()))
    log.warning("visit %s: the snapshot is lost", visit)
