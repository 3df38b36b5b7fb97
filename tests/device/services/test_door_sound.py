"""The way of sound at the door: what the canceller is told, and what everyone gets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np

from device.services.door_sound import SPEAKER_AHEAD_S, DoorSound
from hardware.twin.ears import Ears
from hardware.twin.sound import TwinSpeaker
from media.frames import SOUND_FRAME_MS, SoundFrame
from media.hub import monotonic_us
from tests.support.door import OpenCanceller, eventually, media_board, running
from tests.support.loop_camera import ToneMicrophone, tone

FRAME_US = SOUND_FRAME_MS * 1000


class NotingCanceller(OpenCanceller):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, SoundFrame]] = []
        self.threads: set[int] = set()

    def played(self, frame: SoundFrame) -> None:
        self.told.append((monotonic_us(), frame))

    def cleaned(self, frame: SoundFrame) -> SoundFrame:
        self.threads.add(threading.get_ident())
        return frame


class StumblingMicrophone(ToneMicrophone):
    """Loses two pieces after its fifth."""

    async def frames(self) -> AsyncIterator[SoundFrame]:
        for number in (0, 1, 2, 3, 4, 7, 8, 9):
            yield SoundFrame(tone(440, number), 1_000_000 + number * FRAME_US)
        await asyncio.Event().wait()


async def test_the_reference_is_told_before_it_sounds() -> None:
    board = media_board()
    canceller, speaker = NotingCanceller(), TwinSpeaker(Ears())
    board.canceller, board.speaker = canceller, speaker
    sound = DoorSound(board, 1.0)
    async with speaker, running(lambda: sound.speak(lambda: None)):
        voice = sound.mixer.join()
        for number in range(8):
            voice.push(np.frombuffer(tone(500, number), np.int16))
        await eventually(lambda: len(canceller.told) == 1 + 8)
    heard = [frame.at_us for _, frame in canceller.told]
    # A slow machine may make holes; pieces never sound at the same time.
    assert np.diff(heard).min() > FRAME_US - 1000
    for told_us, frame in canceller.told[1:]:
        assert frame.at_us >= told_us
    waiting_s = (heard[-1] - canceller.told[-1][0]) / 1e6
    assert waiting_s < SPEAKER_AHEAD_S + 0.02


async def test_the_microphone_is_cleaned_off_the_loop() -> None:
    board = media_board()
    canceller = NotingCanceller()
    board.canceller = canceller
    sound = DoorSound(board, 1.0)
    async with running(lambda: sound.listen(lambda: None)):
        await eventually(lambda: len(sound.hub.pre_roll()) >= 5)
    assert len(canceller.threads) == 1
    assert threading.get_ident() not in canceller.threads


async def test_what_the_card_lost_is_patched_for_everyone() -> None:
    sound = DoorSound(media_board(microphone=StumblingMicrophone()), 10.0)
    async with running(lambda: sound.listen(lambda: None)):
        await eventually(lambda: len(sound.hub.pre_roll()) >= 10)
        times = [frame.at_us for frame in sound.hub.pre_roll()]
    assert times == [1_000_000 + number * FRAME_US for number in range(10)]
