"""Both ends of the product's media, as loads: phones that watch, and doorbells that record."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import aiohttp
from aiortc import RTCPeerConnection

from device.services.door_media import DoorMedia
from device.services.whip import WhipClient
from hardware.options import BoardOptions
from hardware.registry import open_board
from media.frames import EncodedFrame, Kind
from media.hub import FrameHub
from media.incoming import expect, receive_encoded
from media.outgoing import PassthroughTrack, send_passthrough
from media.peer import accept_answer, close_peer, connected, make_offer, open_peer
from media.traffic import received
from protocol.control import Ping
from protocol.identity import Identity
from protocol.latest import TO_PHONE, Pulse, Statistics
from scripts.phone import Phone
from scripts.stack import Stack

KINDS: tuple[Kind, ...] = ("video", "audio")
CONNECT_LIMIT_S = 15.0
# As often as the app does.
PING_S = 1.0


class Viewer:
    """A phone that watches and listens, counts what it gets and, as the app does, says so."""

    def __init__(self, pc: RTCPeerConnection, control: bool = True) -> None:
        arrived = asyncio.Event()
        self._pc = pc
        self._tracks = [receive_encoded(expect(pc, kind).receiver, kind, arrived) for kind in KINDS]
        self._since = time.monotonic()
        self._numbers = itertools.count(1)
        self._channel = self._latest = None
        if control:
            self._channel = pc.createDataChannel("control")
            self._latest = pc.createDataChannel("latest", ordered=False, maxRetransmits=0)
            self._latest.on("message", self._answer)

    def received_bps(self) -> float:
        """Bits per second of pictures and sound since the last time this was asked."""
        size = sum(len(frame.data) for track in self._tracks for frame in track.take())
        since, self._since = self._since, time.monotonic()
        return 8 * size / (self._since - since)

    async def ping(self) -> None:
        """Say once a second that the phone is still there."""
        for number in itertools.count(1):
            await asyncio.sleep(PING_S)
            if self._channel is not None and self._channel.readyState == "open":
                self._channel.send(Ping(id=number).model_dump_json())

    def _answer(self, text: str) -> None:
        pulse = TO_PHONE.validate_json(text)
        if self._latest is None or not isinstance(pulse, Pulse):
            return
        traffic = received(self._pc)
        statistics = Statistics(
            sequence=next(self._numbers), pulse=pulse.sequence, bytes_received=traffic.size_bytes,
            packets_received=traffic.packets, packets_lost=0, frames_decoded=0, frames_dropped=0,
            freezes=0, jitter_ms=0,
        )  # fmt: skip
        self._latest.send(statistics.model_dump_json())


@contextlib.asynccontextmanager
async def viewer(phone: Phone) -> AsyncIterator[Viewer]:
    """A connected viewer."""
    pc = open_peer()
    watching = Viewer(pc)
    path = await phone.call(pc)
    await asyncio.wait_for(connected(pc), CONNECT_LIMIT_S)
    async with asyncio.TaskGroup() as group:
        pinging = group.create_task(watching.ping())
        try:
            yield watching
        finally:
            pinging.cancel()
            await phone.request("DELETE", path)
            await close_peer(pc)


Post: TypeAlias = Callable[[int, str], Awaitable[str]]
"""Number of a stream and its offer in, the recorder's answer out."""


@contextlib.asynccontextmanager
async def pushed_streams(stack: Stack, count: int) -> AsyncIterator[None]:
    """`count` recordings of ours at the same time."""
    identity = Identity.load_or_create(stack.folder / "device" / "identity.pem")
    async with aiohttp.ClientSession() as http:
        whip = WhipClient(
            http, stack.address, identity.id, lambda: identity.token("record", time.time())
        )

        async def post(number: int, offer: str) -> str:
            visit = f"bench-{count}-visit-{number}"
            answer, _ = await whip.open(visit, offer, int(time.time() * 1000))
            return answer

        async with pushed(stack.folder, count, post):
            yield


@contextlib.asynccontextmanager
async def pushed(folder: Path, count: int, post: Post, camera: str = "loop") -> AsyncIterator[None]:
    """`count` streams to any recorder, from one camera in this process."""
    board = open_board("twin", BoardOptions(camera=camera, cache_dir=folder))
    async with board, asyncio.TaskGroup() as group:
        media = DoorMedia(board)
        pumping = group.create_task(media.run())
        peers: list[RTCPeerConnection] = []
        try:
            while len(peers) < count:
                peers.append(await _push(media, len(peers), post))
            yield
        finally:
            for peer in peers:
                await close_peer(peer)
            pumping.cancel()


async def _push(media: DoorMedia, number: int, post: Post) -> RTCPeerConnection:
    pc = open_peer()
    origin_us = time.monotonic_ns() // 1000
    for kind, hub in zip(KINDS, (media.video, media.sound), strict=True):
        track = PassthroughTrack(kind, _frames(hub, pc), origin_us)
        send_passthrough(pc, track, media.video.request_keyframe, exact=True)
    await accept_answer(pc, await post(number, await make_offer(pc)))
    await asyncio.wait_for(connected(pc), CONNECT_LIMIT_S)
    return pc


async def _frames(hub: FrameHub, pc: RTCPeerConnection) -> AsyncIterator[EncodedFrame]:
    await connected(pc)
    with hub.watch() as frames:
        async for frame in frames:
            yield frame
