"""`python -m bench.peers.stock PORT FOLDER`: aiortc as its documentation shows it, over HTTP.

POST /watch answers a viewer with the twin's pictures, encoded for that viewer.
POST /record takes a stream and writes it with MediaRecorder, which decodes and encodes it again.
"""

from __future__ import annotations

import asyncio
import fractions
import itertools
import sys
import time
from pathlib import Path

import aiortc.codecs.h264 as stock_h264
import av
import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRecorder, MediaRelay
from aiortc.rtcrtpsender import RTCRtpSender

from hardware.options import BoardOptions
from hardware.planes import Plane
from hardware.registry import open_board
from media import timecode

FPS = 30
# As many as fit a small machine's memory, 1.4 MB each.
PICTURES = 120
# The rate of every row.
BITRATE_BPS = 2_000_000
CLOCK = fractions.Fraction(1, 90_000)


async def porch(folder: Path) -> list[Plane]:
    """Four seconds of the pictures that Doorstep's own measurements send, decoded."""
    board = open_board("twin", BoardOptions(camera="loop", cache_dir=folder))
    decoder = av.CodecContext.create("h264", "r")
    pictures: list[Plane] = []
    async with board.camera as camera:
        async for frame in camera.frames():
            decoded = decoder.decode(av.Packet(frame.data))
            pictures += [np.asarray(one.to_ndarray(format="yuv420p"), np.uint8) for one in decoded]
            if len(pictures) >= PICTURES:
                break
    return pictures


class PorchTrack(MediaStreamTrack):
    """Those pictures again and again with the time of day in them, 30 a second."""

    kind = "video"

    def __init__(self, pictures: list[Plane]) -> None:
        super().__init__()
        self._pictures = pictures
        self._began_s = time.monotonic()
        self._numbers = itertools.count()

    async def recv(self) -> av.VideoFrame:
        number = next(self._numbers)
        await asyncio.sleep(max(0.0, self._began_s + number / FPS - time.monotonic()))
        picture = self._pictures[number % len(self._pictures)]
        timecode.draw(picture[: len(picture) * 2 // 3], time.time_ns() // 1_000_000)
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number * 90_000 // FPS, CLOCK
        return frame


class Stock:
    """The two handlers, and what they hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._relay = MediaRelay()
        self._porch: PorchTrack | None = None
        self._peers: set[RTCPeerConnection] = set()
        self._numbers = itertools.count()

    async def watch(self, request: web.Request) -> web.Response:
        """A viewer."""
        if self._porch is None:
            raise web.HTTPServiceUnavailable
        pc = self._peer()
        sender = pc.addTrack(self._relay.subscribe(self._porch, buffered=False))
        codecs = RTCRtpSender.getCapabilities("video").codecs
        for transceiver in pc.getTransceivers():
            if transceiver.sender is sender:
                transceiver.setCodecPreferences([c for c in codecs if c.mimeType == "video/H264"])
        return await self._answer(pc, request)

    async def record(self, request: web.Request) -> web.Response:
        """A stream to be recorded."""
        pc = self._peer()
        recorder = MediaRecorder(str(self._folder / f"{next(self._numbers)}.mp4"))
        started = False

        @pc.on("track")
        async def take(track: MediaStreamTrack) -> None:
            nonlocal started
            recorder.addTrack(track)
            if not started:
                started = True
                await recorder.start()

        return await self._answer(pc, request)

    async def play(self) -> None:
        """Keep the pictures coming without a viewer, so that a viewer's cost is the encoding."""
        self._porch = PorchTrack(await porch(self._folder))
        hole = MediaBlackhole()
        hole.addTrack(self._relay.subscribe(self._porch, buffered=False))
        await hole.start()

    def _peer(self) -> RTCPeerConnection:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peers.add(pc)
        return pc

    async def _answer(self, pc: RTCPeerConnection, request: web.Request) -> web.Response:
        await pc.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        return web.Response(
            text=pc.localDescription.sdp, status=201, content_type="application/sdp"
        )


async def main(port: int, folder: Path) -> None:
    """Serve until killed."""
    stock_h264.DEFAULT_BITRATE = BITRATE_BPS
    stock = Stock(folder)
    await stock.play()
    app = web.Application()
    app.router.add_get("/", _empty_page)
    app.router.add_post("/watch", stock.watch)
    app.router.add_post("/record", stock.record)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def _empty_page(request: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>stock</title>", content_type="text/html")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
