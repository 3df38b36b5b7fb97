"""A program that looks through the door with a view token, as go2rtc would: plain WHEP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import VideoFrame

from media.handshake import with_one_fingerprint

LIMIT_S = 20.0


class NotLetInError(Exception):
    """The offer was refused; `status` and the words are the server's."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status


@dataclass
class WhepViewer:
    """A call that shows pictures."""

    pc: RTCPeerConnection
    track: MediaStreamTrack

    async def picture(self, limit_s: float = LIMIT_S) -> VideoFrame | None:
        """The next picture; None when none comes any more."""
        try:
            async with asyncio.timeout(limit_s):
                frame = await self.track.recv()
        except (TimeoutError, MediaStreamError):
            return None
        return frame if isinstance(frame, VideoFrame) else None


@contextlib.asynccontextmanager
async def whep_viewer(address: str) -> AsyncIterator[WhepViewer]:
    """Look at `address`; NotLetInError when the doorbell or the server says no."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    video = pc.addTransceiver("video", direction="recvonly")
    pc.addTransceiver("audio", direction="recvonly")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT_S)) as http:
        try:
            resource = await _offer(http, pc, address)
            yield WhepViewer(pc, video.receiver.track)
            async with http.delete(resource):
                pass
        finally:
            await pc.close()


async def _offer(http: aiohttp.ClientSession, pc: RTCPeerConnection, address: str) -> str:
    await pc.setLocalDescription(await pc.createOffer())
    # The others that aiortc writes, of longer hashes, no other program writes.
    sdp = with_one_fingerprint(pc.localDescription.sdp)
    headers = {"Content-Type": "application/sdp"}
    async with http.post(address, data=sdp, headers=headers) as response:
        words = await response.text()
        if response.status != 201:
            raise NotLetInError(response.status, words)
        await pc.setRemoteDescription(RTCSessionDescription(words, "answer"))
        return urljoin(address, response.headers["Location"])
