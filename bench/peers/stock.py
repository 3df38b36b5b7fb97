"""`python -m bench.peers.stock PORT FOLDER`: aiortc as its documentation shows it, over HTTP.

POST /watch answers a viewer with the twin's porch, drawn here and encoded for that viewer.
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
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRecorder, MediaRelay
from aiortc.rtcrtpsender import RTCRtpSender

from hardware.options import BoardOptions
from hardware.registry import open_board
from hardware.twin.board import TwinBoard
from hardware.twin.pictures import Picture
from hardware.twin.porch.scene import Porch
from media import timecode

FPS = 30
# The rate of every row.
BITRATE_BPS = 2_000_000
CLOCK = fractions.Fraction(1, 90_000)


class PorchTrack(MediaStreamTrack):
    """The drawn porch with the capture time in it, 1280 × 720 at 30 pictures a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        options = BoardOptions()
        board = open_board("twin", options)
        if not isinstance(board, TwinBoard):
            raise TypeError("The twin is no twin.")
        board.world.walk_past()
        self._porch = Porch(board.world, options.video)
        self._picture = Picture(options.width, options.height)
        self._began_s = time.monotonic()
        self._numbers = itertools.count()

    async def recv(self) -> av.VideoFrame:
        number = next(self._numbers)
        await asyncio.sleep(max(0.0, self._began_s + number / FPS - time.monotonic()))
        self._porch.draw(self._picture, time.monotonic())
        timecode.draw(self._picture.y, time.time_ns() // 1_000_000)
        frame = av.VideoFrame.from_ndarray(self._picture.data, format="yuv420p")
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
        """A viewer; the porch is drawn from the first one on."""
        if self._porch is None:
            self._porch = PorchTrack()
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

    async def draw(self) -> None:
        """Keep the porch drawn without a viewer, so that a viewer's cost is the encoding."""
        self._porch = PorchTrack()
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
    await stock.draw()
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
