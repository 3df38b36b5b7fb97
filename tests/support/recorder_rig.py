"""A recorder behind a real server, with a store that is a folder, and an encoder to feed it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiortc import RTCPeerConnection
from fastapi import FastAPI, Request

from cloud.recorder.ports import Limits, StillPictures, VisitKey, Watch
from cloud.recorder.recorder import Recorder
from cloud.recorder.spool import Spool
from cloud.recorder.whip import WhipRoutes
from cloud.shared import problems
from cloud.shared.problems import ProblemError
from media.frames import EncodedFrame, Kind
from media.outgoing import STARTS_HEADER
from media.peer import accept_answer, connected, make_offer, open_peer
from protocol.door import Clip
from tests.support.encoded_sender import PACE_S, add_tracks
from tests.support.link_emulator import EmulatedNetwork, bare_offer
from tests.support.running_app import running_app

DOORBELL = "a" * 26
STRANGER = "b" * 26
GOOD = {"Authorization": "Bearer good"}
LIMIT_S = 20.0
OUR_PROFILE = "profile-level-id=42e01f"


@dataclass(slots=True)
class Shelf:
    """Where clips end up, and what the recorder said on the way."""

    folder: Path
    clips: asyncio.Queue[tuple[str, str, Clip]] = field(default_factory=asyncio.Queue)
    started: asyncio.Queue[tuple[str, str, int]] = field(default_factory=asyncio.Queue)
    broken: bool = False
    stills: asyncio.Queue[tuple[str, StillPictures]] = field(default_factory=asyncio.Queue)

    async def keep(self, doorbell: str, visit: str, file: Path) -> None:
        if self.broken:
            raise RuntimeError("the store is away")
        shutil.copyfile(file, self.clip_of(visit))

    async def on_clip(self, doorbell: str, visit: str, clip: Clip) -> None:
        self.clips.put_nowait((doorbell, visit, clip))

    async def on_status(self, doorbell: str, visit: str, starts_ms: int) -> None:
        self.started.put_nowait((doorbell, visit, starts_ms))

    async def on_stills(self, doorbell: str, visit: str, stills: StillPictures) -> None:
        self.stills.put_nowait((visit, stills))

    def clip_of(self, visit: str) -> Path:
        return self.folder / f"{visit}.mp4"

    async def next_clip(self) -> Clip:
        """The clip of the next announcement."""
        async with asyncio.timeout(LIMIT_S):
            return (await self.clips.get())[2]


def new_recorder(
    folder: Path, shelf: Shelf, limits: Limits | None = None, watch: Watch | None = None
) -> Recorder:
    return Recorder(
        folder,
        keep=shelf.keep,
        on_clip=shelf.on_clip,
        on_status=shelf.on_status,
        on_stills=shelf.on_stills,
        limits=limits,
        watch=watch,
    )


@asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """`work` beside the body, cancelled after it."""

    async def live() -> None:
        await work()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(live())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def authorise(request: Request, doorbell: str) -> str | None:
    """Token `good` may record for DOORBELL."""
    if request.headers["authorization"] != GOOD["Authorization"]:
        raise ProblemError(401, "Not signed in", "The token is not good.")
    if doorbell != DOORBELL:
        raise ProblemError(403, "Not allowed", "This doorbell is not yours.")
    return None


@asynccontextmanager
async def serving(recorder: Recorder) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server with this recorder in it."""
    app = FastAPI()
    problems.install(app)
    routes = WhipRoutes(
        recorder,
        authorise,
        lambda request, path: f"http://{request.url.netloc}{path}",
        lambda doorbell: ['<stun:stun.example.org>; rel="ice-server"'],
    )
    app.include_router(routes.router())
    async with running(recorder.run), running_app(app) as url, aiohttp.ClientSession(url) as client:
        yield client


def endpoint(visit: str | None, doorbell: str = DOORBELL) -> str:
    query = "" if visit is None else f"?visit={visit}"
    return f"/api/v1/doorbells/{doorbell}/recordings{query}"


@dataclass(slots=True)
class Encoder:
    """A WHIP encoder with a session."""

    pc: RTCPeerConnection
    client: aiohttp.ClientSession
    location: str
    etag: str
    wishes: list[str]
    frames: list[EncodedFrame]

    async def delivered(self, recorder: Recorder, seconds: float | None = None) -> None:
        """Wait until the recorder has all that its jitter buffers do not hold back.

        With `seconds`, only so much from the first picture on.
        """
        session = recorder.session(self.location.rpartition("/")[2])
        if session is None:
            raise LookupError("the session is over")
        wanted = {"video": self._ticks("video", -2), "audio": self._ticks("audio", -5)}
        if seconds is not None:
            wanted = {"video": round(seconds * 90_000), "audio": round(seconds * 48_000)}
        async with asyncio.timeout(LIMIT_S):
            for track in session._tracks:
                while (track._clock._last or 0) < wanted[track.kind]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    def _ticks(self, kind: Kind, index: int) -> int:
        times = [frame.at_us for frame in self.frames if frame.kind == kind]
        origin_us = next(frame.at_us for frame in self.frames if frame.kind == "video")
        rate = {"video": 90, "audio": 48}[kind]
        return (times[index] - origin_us) * rate // 1000 if times else 0

    async def stop(self) -> int:
        """DELETE the session; the status."""
        async with self.client.delete(self.location, headers=GOOD) as reply:
            return reply.status


@asynccontextmanager
async def encoding(
    client: aiohttp.ClientSession,
    visit: str,
    frames: list[EncodedFrame],
    *,
    named: bool = True,
    pace_s: float = PACE_S,
    words: Callable[[str], str] | None = None,
    network: EmulatedNetwork | None = None,
) -> AsyncIterator[Encoder]:
    """Send `frames` as a visit; `named` says when RTP time stamp 0 was.

    `words` puts the offer in another encoder's words; its answer is put back in ours. `network`
    lies between the encoder and the recorder.
    """
    pc, ready = open_peer(), asyncio.Event()
    wishes: list[str] = []
    add_tracks(pc, frames, ready, lambda: wishes.append("keyframe"), pace_s)
    starts_ms = next(frame.at_us for frame in frames if frame.kind == "video") // 1000
    headers = {**GOOD, "Content-Type": "application/sdp"}
    if named:
        headers[STARTS_HEADER] = str(starts_ms)
    try:
        offer = await make_offer(pc)
        said = bare_offer(offer) if network else words(offer) if words else offer
        async with client.post(endpoint(visit), data=said, headers=headers) as reply:
            if reply.status != 201:
                raise AssertionError(f"{reply.status} {await reply.text()}")
            answer = (await reply.text()).replace("profile-level-id=64001f", OUR_PROFILE)
            await accept_answer(pc, await network.relayed_answer(answer) if network else answer)
            location, etag = reply.headers["Location"], reply.headers["ETag"]
        async with asyncio.timeout(LIMIT_S):
            await connected(pc)
        ready.set()
        yield Encoder(pc, client, location, etag, wishes, frames)
    finally:
        await pc.close()


async def all_ended(recorder: Recorder) -> None:
    """Wait until no session is open."""
    async with asyncio.timeout(LIMIT_S):
        while recorder.active:  # noqa: ASYNC110 - the recorder tells nobody
            await asyncio.sleep(0.02)


async def settled(spool: Path, key: VisitKey) -> None:
    """Wait until the recorder has noted that a visit is in the store."""
    async with asyncio.timeout(LIMIT_S):
        while not Spool(spool).is_kept(key):  # noqa: ASYNC110 - it is noted on disk
            await asyncio.sleep(0.02)


def parts_in(spool: Path) -> list[Path]:
    """Every file of every visit."""
    return sorted(path for path in spool.glob("*/*") if path.is_file())
