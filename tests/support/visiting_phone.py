"""A paired phone in a real call: it sees the pictures, and opens the door as the app does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from protocol import jws
from protocol.control import (
    COMMAND_TYP,
    CONTROL_REPLY,
    Challenge,
    ControlReply,
    ControlRequest,
    Ping,
    Unlock,
    UnlockCommand,
    UnlockConfirm,
)
from scripts.phone import Phone

# A processor that encodes, decodes and records at the same time takes its time.
PATIENCE_S = 30.0
# A phone that says nothing for five seconds is taken for dead.
PING_EVERY_S = 1.0


class VisitingPhone:
    """Enter by `calling(phone)`."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.pictures: list[tuple[int, int]] = []
        self._news = asyncio.Condition()
        self._replies: list[ControlReply] = []
        self._numbers = itertools.count(1)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for kind in ("video", "audio"):
            self._pc.addTransceiver(kind, direction="recvonly")
        self._opened = asyncio.Event()
        self._control = self._pc.createDataChannel("control")
        self._control.on("open", self._opened.set)
        self._control.on("message", self._heard)

    async def unlock(self) -> ControlReply:
        """What the doorbell says to a genuine, signed opening."""
        challenge = await self._ask(Unlock(id=next(self._numbers)))
        if not isinstance(challenge, Challenge):
            return challenge
        command = UnlockCommand(
            doorbell=self.phone.doorbell.id, phone=self.phone.identity.id,
            channel=self.phone.channel, challenge=challenge.challenge,
        )  # fmt: skip
        sealed = jws.seal(self.phone.identity, COMMAND_TYP, command)
        return await self._ask(UnlockConfirm(id=next(self._numbers), command=sealed))

    async def sees(self, pictures: int) -> None:
        """Wait for so many pictures; TimeoutError when they do not come."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.pictures) < pictures:  # noqa: ASYNC110 - another task counts
                await asyncio.sleep(0.02)

    async def _connect(self, answers: str | None) -> None:
        await self.phone.call(self._pc, answers)
        async with asyncio.timeout(PATIENCE_S):
            await self._opened.wait()

    async def _ask(self, request: ControlRequest) -> ControlReply:
        self._control.send(request.model_dump_json())
        async with asyncio.timeout(PATIENCE_S):
            while (reply := self._reply_to(request.id)) is None:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        return reply

    def _reply_to(self, number: int) -> ControlReply | None:
        return next((r for r in self._replies if getattr(r, "id", None) == number), None)

    def _heard(self, text: str | bytes) -> None:
        self._replies.append(CONTROL_REPLY.validate_json(text))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY_S)
            self._control.send(Ping(id=next(self._numbers)).model_dump_json())

    async def _watch(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    self.pictures.append((frame.width, frame.height))
        except MediaStreamError:
            return


@asynccontextmanager
async def calling(phone: Phone, answers: str | None = None) -> AsyncIterator[VisitingPhone]:
    """A call for the time of the block; `answers` is the visit whose ring it answers."""
    visiting = VisitingPhone(phone)
    pc = visiting._pc
    try:
        await visiting._connect(answers)
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(visiting._watch(t.receiver.track))
                        for t in pc.getTransceivers()]  # fmt: skip
            tasks = [*watching, group.create_task(visiting._ping())]
            try:
                yield visiting
            finally:
                for task in tasks:
                    task.cancel()
    finally:
        await pc.close()
