"""Sound of the door: from the microphone to everyone, and from the phones to the speaker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hardware.board import Board
from hardware.errors import StalledError
from hardware.patient import present
from media.continuity import Continuity
from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, EncodedFrame, SoundFrame
from media.hub import FrameHub, monotonic_us
from media.mixer import Mixer
from media.opus import OpusEncoder

TICK_S = SOUND_FRAME_MS / 1000
# After a pause of the whole process the speaker goes on from now instead of catching up.
LATE_LIMIT_S = 0.2
# So much waits at the speaker, to bridge a late turn of the loop. The echo canceller needs its
# reference before it is heard.
SPEAKER_AHEAD_S = 0.04
# The pace follows the speaker's clock: so much of an error is made good with each piece.
FOLLOW_SHARE = 0.1
SILENCE = bytes(2 * SOUND_FRAME_SAMPLES)


class DoorSound:
    """Owns the sound's hub and the mixer of the phones' voices. `works()` is called at each frame.

    `listen` and `speak` run until their part fails; they raise HardwareError.
    """

    def __init__(self, board: Board, pre_roll_s: float) -> None:
        self._board = board
        self.hub = FrameHub(pre_roll_s)
        self.mixer = Mixer()

    async def listen(self, works: Callable[[], None]) -> None:
        """Microphone to Opus without echo and holes, once for everyone."""
        await present(self._board.microphone)
        chain = _Chain(self._board)
        loop = asyncio.get_running_loop()
        # On a thread of its own: on a small board this takes several milliseconds of each 20.
        with ThreadPoolExecutor(1, "microphone") as worker:
            async for frame in self._board.microphone.frames():
                for packet in await loop.run_in_executor(worker, chain.encode, frame):
                    self.hub.publish(packet)
                works()
        raise StalledError("The microphone stopped sending sound. Check its cable.")

    async def speak(self, works: Callable[[], None]) -> None:
        """What phones say, mixed, to the speaker and to the echo canceller."""
        if await present(self._board.speaker):
            works()
        while True:
            await self.mixer.sound_waits()
            # Silence goes first, so that a piece always waits at the speaker.
            await self._play(SoundFrame(SILENCE, monotonic_us()))
            await self._speak_on(works)

    async def _speak_on(self, works: Callable[[], None]) -> None:
        """Until nobody says anything any more."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while (frame := self.mixer.mix(monotonic_us())) is not None:
            ahead_s = await self._play(frame)
            works()
            due = max(due + TICK_S, loop.time() - LATE_LIMIT_S)
            due += max(-TICK_S, min(TICK_S, (ahead_s - SPEAKER_AHEAD_S) * FOLLOW_SHARE))
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _play(self, frame: SoundFrame) -> float:
        """Hand a piece over; returns how many seconds of sound then wait at the speaker."""
        speaker = self._board.speaker
        heard_us = speaker.next_at_us()
        self._board.canceller.played(SoundFrame(frame.samples, heard_us))
        await speaker.play(frame)
        return (heard_us - monotonic_us()) / 1e6 + TICK_S


class _Chain:
    """Sound to packets; for one thread."""

    def __init__(self, board: Board) -> None:
        self._canceller = board.canceller
        self._continuity = Continuity()
        self._encoder = OpusEncoder()

    def encode(self, frame: SoundFrame) -> list[EncodedFrame]:
        """The packet of a piece, and those of what was lost before it."""
        clean = self._canceller.cleaned(frame)
        return [self._encoder.encode(piece) for piece in self._continuity.whole(clean)]
