"""The two ends of the channel `files`, and a door that has seen something."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiortc import RTCDataChannel, RTCSessionDescription

from device.services.call_files import CallFiles
from device.services.call_latest import Latest
from device.services.door_media import DoorMedia
from device.services.rewind import Rewind
from media.frames import SOUND_FRAME_MS, EncodedFrame
from media.hub import monotonic_us
from protocol.door import Phone
from protocol.files import FILES_REPLY, Fetch, FileEnd, FileHeader, FileRefused, FilesReply
from protocol.latest import Pulse, Statistics
from tests.support.coded_video import pictures, sounds
from tests.support.door import a_phone, eventually, running
from tests.support.link_emulator import EmulatedNetwork, bare_offer
from tests.support.peer_pair import bare_peer

FPS = 30
PATIENCE_S = 20.0


def see(media: DoorMedia, seconds: int, *, ends_us: int | None = None, noise: int = 0) -> int:
    """The door's last `seconds` up to now; the capture time of the last picture."""
    ends_us = monotonic_us() if ends_us is None else ends_us
    count = seconds * FPS
    coded = pictures(count, noise=noise)
    starts_us = ends_us - (count - 1) * 1_000_000 // FPS
    for number, data in enumerate(coded):
        at_us = starts_us + number * 1_000_000 // FPS
        media.video.publish(EncodedFrame("video", data, at_us, number % FPS == 0))
    for number, data in enumerate(sounds(seconds * 1000 // SOUND_FRAME_MS)):
        at_us = starts_us - 10_000 + number * SOUND_FRAME_MS * 1000
        media.sound.publish(EncodedFrame("audio", data, at_us, keyframe=True))
    return ends_us


class FilesPhone:
    """Asks for files on a channel, and checks what comes as the app does."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self.channel = channel
        self.replies: list[FilesReply] = []
        self.data = bytearray()
        self.pieces: list[int] = []
        self._news = asyncio.Event()
        channel.on("message", self._hear)

    @property
    def header(self) -> FileHeader | None:
        """The last one."""
        return next((r for r in reversed(self.replies) if isinstance(r, FileHeader)), None)

    @property
    def ended(self) -> FileEnd | None:
        return next((r for r in self.replies if isinstance(r, FileEnd)), None)

    @property
    def refused(self) -> list[FileRefused]:
        return [reply for reply in self.replies if isinstance(reply, FileRefused)]

    def ask(self, request_id: int = 1, offset: int = 0, version: str | None = None) -> None:
        fetch = Fetch(id=request_id, name="rewind", offset=offset, version=version)
        self.channel.send(fetch.model_dump_json())

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def whole(self) -> bytes:
        """Wait for the end of the file, and check its hash."""
        await self.until(lambda: self.ended)
        assert self.ended is not None
        assert hashlib.sha256(self.data).hexdigest() == self.ended.sha256
        return bytes(self.data)

    def _hear(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.data += message
            self.pieces.append(len(message))
        else:
            reply = FILES_REPLY.validate_json(message)
            self.replies.append(reply)
            if isinstance(reply, FileHeader):
                del self.data[reply.offset :]
        self._news.set()


class Line:
    """One call's data channels, as the doorbell serves them, and the phone's ends of them."""

    def __init__(self, files: CallFiles, network: EmulatedNetwork | None) -> None:
        self.files = files
        self.latest = Latest(files.statistics, lambda view: None)
        self.door_end, self.phone_end = bare_peer(), bare_peer()
        self.phone = FilesPhone(self.phone_end.createDataChannel("files"))
        self.control = self.phone_end.createDataChannel("control")
        self.pulse = self.phone_end.createDataChannel("latest", ordered=False, maxRetransmits=0)
        self.pongs: asyncio.Queue[str] = asyncio.Queue()
        self.door_channel: RTCDataChannel | None = None
        self._network = network
        self._numbers = itertools.count(1)
        self._opened = asyncio.Event()
        self.control.on("message", self.pongs.put_nowait)
        self.pulse.on("message", self._answer)
        self.door_end.on("datachannel", self._take)

    async def connect(self) -> None:
        await self.phone_end.setLocalDescription(await self.phone_end.createOffer())
        offer = self.phone_end.localDescription.sdp
        if self._network is not None:
            offer = bare_offer(offer)
        await self.door_end.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.door_end.setLocalDescription(await self.door_end.createAnswer())
        answer = self.door_end.localDescription.sdp
        if self._network is not None:
            answer = await self._network.relayed_answer(answer)
        await self.phone_end.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(PATIENCE_S):
            await self._opened.wait()
        await eventually(lambda: self.phone.channel.readyState == "open")

    async def ping_s(self) -> float:
        """How long a control message and its answer take."""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        self.control.send("ping")
        async with asyncio.timeout(PATIENCE_S):
            await self.pongs.get()
        return loop.time() - asked_s

    async def close(self) -> None:
        await self.phone_end.close()
        await self.door_end.close()

    def _take(self, channel: RTCDataChannel) -> None:
        if channel.label == "files":
            self.door_channel = channel
            self.files.attach(channel)
            self._opened.set()
        elif channel.label == "latest":
            self.latest.attach(channel)
        else:
            channel.on("message", channel.send)

    def _answer(self, text: str) -> None:
        pulse = Pulse.model_validate_json(text).sequence
        counts = counted(next(self._numbers), pulse)
        self.pulse.send(counts.model_dump_json())


@asynccontextmanager
async def a_line(
    rewind: Rewind, phone: Phone | None = None, answers: str | None = None, *,
    network: EmulatedNetwork | None = None, pulses: bool = True,
) -> AsyncIterator[Line]:  # fmt: skip
    """A connected call; one without `pulses` is with a phone that knows no `latest`."""
    line = Line(CallFiles("call-0001", phone or a_phone(), answers, rewind), network)
    try:
        await line.connect()
        lives = [line.files.run, *([line.latest.run] if pulses else [])]
        async with running(*lives):
            yield line
    finally:
        await line.close()


def counted(number: int, pulse: int = 1, received: int = 0, lost: int = 0) -> Statistics:
    """What a phone has counted by its `number`-th answer."""
    return Statistics(
        sequence=number, pulse=pulse, bytes_received=0, packets_received=received,
        packets_lost=lost, frames_decoded=0, frames_dropped=0, freezes=0, jitter_ms=0,
    )  # fmt: skip
