"""A phone for tests: an aiortc peer that watches, talks and controls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from media import timecode
from media.handshake import with_one_fingerprint
from protocol.calls import CallChallenge
from protocol.control import CONTROL_REPLY, ControlReply, ControlRequest
from protocol.identity import Identity, PublicKey
from protocol.link import CallAnswer
from scripts.signed_call import SignedOffer
from tests.support.loop_camera import tone

PATIENCE_S = 10.0


class ToneTrack(MediaStreamTrack):
    """A voice: a steady tone, 20 ms a frame."""

    kind = "audio"

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._hertz = hertz
        self._number = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(0.02)
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(tone(self._hertz, self._number))
        frame.sample_rate = 48_000
        frame.pts = self._number * 960
        self._number += 1
        return frame


class LoopPhone:
    """`offer_for()`, `take()` the answer, then look at `numbers`, `samples` and `replies`.

    `spoil` changes the SDP before it is signed.
    """

    def __init__(self, voice: MediaStreamTrack | None = None, heartbeat: bool = True) -> None:
        self.identity = Identity.generate()
        self.signed: SignedOffer | None = None
        self.channel = ""
        self.spoil: Callable[[str], str] = lambda sdp: sdp
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.numbers: list[int | None] = []
        self.samples: list[bytes] = []
        self.replies: list[ControlReply] = []
        self.video_packets = 0
        self._news = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._heartbeat = heartbeat
        self._ids = 1000
        self._tasks: list[asyncio.Task[None]] = []
        self.pc.addTransceiver("video", direction="recvonly")
        self.pc.addTransceiver(voice or "audio", direction="sendrecv")
        self.control = self.pc.createDataChannel("control")
        self.latest = self.pc.createDataChannel("latest", ordered=False, maxRetransmits=0)
        self.control.on("message", self._hear)
        self.pc.on("track", self._take)

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        if self._heartbeat:
            self._tasks.append(self._group.create_task(self._ping()))
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        for task in self._tasks:
            task.cancel()
        await self.pc.close()
        await self._group.__aexit__(None, None, None)

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.spoil(with_one_fingerprint(str(self.pc.localDescription.sdp)))

    async def offer_for(
        self, doorbell: PublicKey, challenge: CallChallenge, answers: str | None = None
    ) -> SignedOffer:
        """An offer that this phone has signed with the doorbell's nonce."""
        sdp = await self.offer()
        self.signed = SignedOffer.make(self.identity, doorbell, challenge.nonce, sdp, answers)
        return self.signed

    async def take(self, answer: CallAnswer) -> None:
        """Check the answer as the app does, if the offer was signed, and take it."""
        if self.signed is not None:
            self.channel = self.signed.checked(answer.sdp, answer.signature)
        await self.take_answer(answer.sdp)

    async def take_answer(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that this phone got makes `condition` true."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def ask(self, request: ControlRequest) -> ControlReply:
        """Say `request` and wait for its reply."""
        self.say(request.model_dump_json())
        await self.until(lambda: self.reply_to(request.id))
        reply = self.reply_to(request.id)
        assert reply is not None
        return reply

    def say(self, text: str) -> None:
        self.control.send(text)

    def reply_to(self, request_id: int) -> ControlReply | None:
        return next((r for r in self.replies if getattr(r, "id", None) == request_id), None)

    @property
    def receiver(self) -> Any:
        """The receiver of the picture."""
        return self.pc.getTransceivers()[0].receiver

    async def _ping(self) -> None:
        while True:
            if self.control.readyState == "open":
                self._ids += 1
                self.say(json.dumps({"type": "ping", "id": self._ids}))
            await asyncio.sleep(0.1)

    def _hear(self, message: str) -> None:
        self.replies.append(CONTROL_REPLY.validate_json(message))
        self._news.set()

    def _take(self, track: MediaStreamTrack) -> None:
        self._tasks.append(self._group.create_task(self._watch(track)))

    async def _watch(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    luma = frame.to_ndarray()[: frame.height].astype(np.uint8)
                    self.numbers.append(timecode.read(luma))
                elif isinstance(frame, av.AudioFrame):
                    self.samples.append(bytes(frame.planes[0]))
                self._news.set()
        except MediaStreamError:
            return
