"""A board of paper: parts that do what they are told and remember it. No threads, no pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Self

from hardware.board import Board
from hardware.errors import BusyError, HardwareError
from hardware.ports import Edge, Signal, Window
from media.frames import EncodedFrame, SoundFrame, VideoFormat


class PaperPart:
    """`broken` makes it raise; `did` is what it was told."""

    def __init__(self) -> None:
        self.broken = False
        self.did: list[object] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self.did.append("close")

    def do(self, what: object) -> None:
        if self.broken:
            raise HardwareError("It does not answer. Check its cable.")
        self.did.append(what)


class PaperSensor(PaperPart):
    def __init__(self) -> None:
        super().__init__()
        self.active = False
        self._edges: asyncio.Queue[Edge] = asyncio.Queue()

    def change(self, active: bool) -> None:
        self.active = active
        at_us = round(asyncio.get_running_loop().time() * 1e6)
        self._edges.put_nowait(Edge(active, at_us))

    async def edges(self) -> AsyncIterator[Edge]:
        while True:
            edge = await self._edges.get()
            self.do(edge.active)
            yield edge


class PaperEncoding(PaperPart):
    format = VideoFormat(640, 360, 30, 1_000_000)

    async def frames(self) -> AsyncIterator[EncodedFrame]:
        await asyncio.Event().wait()
        yield EncodedFrame("video", b"", 0, True)

    def request_keyframe(self) -> None:
        self.do("keyframe")

    def set_bitrate(self, bps: int) -> None:
        self.do(bps)

    def aim(self, window: Window) -> None:
        self.do(window)


class PaperCamera(PaperEncoding):
    def __init__(self) -> None:
        super().__init__()
        self.low, self.close_up = PaperEncoding(), PaperEncoding()


class PaperMicrophone(PaperPart):
    async def frames(self) -> AsyncIterator[SoundFrame]:
        await asyncio.Event().wait()
        yield SoundFrame(b"", 0)


class PaperSpeaker(PaperPart):
    async def play(self, frame: SoundFrame) -> None:
        self.do(frame)

    def next_at_us(self) -> int:
        return 0

    def set_volume(self, percent: int) -> None:
        self.do(percent)


class PaperLock(PaperPart):
    def __init__(self) -> None:
        super().__init__()
        self.unlocked = False

    def pulse(self, seconds: float) -> None:
        if self.unlocked:
            raise BusyError("The lock is open already.")
        self.do(seconds)
        self.unlocked = True

    def secure(self) -> None:
        self.do("secure")
        self.unlocked = False


class PaperLight(PaperPart):
    on = False

    def switch(self, on: bool) -> None:
        self.do(on)
        self.on = on


class PaperChime(PaperPart):
    def ring(self) -> None:
        self.do("ring")


class PaperIndicator(PaperPart):
    def show(self, signal: Signal) -> None:
        self.do(signal)


class PaperBoard(Board):
    """A `Board` whose parts are known to be paper."""

    def __init__(self) -> None:
        self.paper_button, self.paper_motion = PaperSensor(), PaperSensor()
        self.paper_lock, self.paper_light = PaperLock(), PaperLight()
        self.paper_chime, self.paper_indicator = PaperChime(), PaperIndicator()
        self.paper_speaker = PaperSpeaker()
        super().__init__(
            camera=PaperCamera(),
            microphone=PaperMicrophone(),
            speaker=self.paper_speaker,
            motion=self.paper_motion,
            button=self.paper_button,
            lock=self.paper_lock,
            light=self.paper_light,
            chime=self.paper_chime,
            indicator=self.paper_indicator,
        )
