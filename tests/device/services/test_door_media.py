"""The door's media: parts that fail and come back, and who gets what."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from device.services import door_media
from device.services.door_media import DoorMedia
from hardware.errors import BusyError, MissingError, StalledError
from protocol.door import Part
from tests.support.door import eventually, media_board, running
from tests.support.loop_camera import ListSpeaker, LoopCamera, ToneMicrophone, loudest_hertz, tone


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_media, "RETRY_FIRST_S", 0.02)


class Faults:
    """What was said about the parts."""

    def __init__(self) -> None:
        self.said: list[tuple[Part, str | None]] = []

    def note(self, part: Part, detail: str | None) -> None:
        self.said.append((part, detail))


async def test_pictures_and_sound_reach_the_hubs() -> None:
    camera = LoopCamera()
    media = DoorMedia(media_board(camera))
    async with running(media.run):
        await eventually(lambda: len(media.video.pre_roll()) > 5 and media.sound.pre_roll())
        assert media.video.pre_roll()[0] == camera.encoded[0]
        with media.video.watch() as viewer, media.sound.watch() as listener:
            assert (await anext(viewer)).keyframe
            assert (await anext(listener)).kind == "audio"
    assert [frame async for frame in media.video.watch()] == []


async def test_a_stalled_camera_is_said_once_and_comes_back() -> None:
    camera, faults = LoopCamera(), Faults()
    media = DoorMedia(media_board(camera), faults.note)
    async with running(media.run):
        await eventually(lambda: camera.encoded)
        camera.failure = StalledError("The camera sends nothing. Check its cable.")
        await eventually(lambda: camera.starts > 2)
        sound = len(media.sound.pre_roll())
        camera.failure, seen = None, len(camera.encoded)
        await eventually(lambda: len(camera.encoded) > seen + 5)
        assert len(media.sound.pre_roll()) > sound
        assert media.video.latest_group()[0].at_us >= camera.encoded[seen].at_us
    assert faults.said == [("camera", "The camera sends nothing. Check its cable."),
                           ("camera", None)]  # fmt: skip


async def test_a_missing_microphone_stops_no_picture() -> None:
    camera, microphone, faults = LoopCamera(), ToneMicrophone(), Faults()
    microphone.failure = MissingError("x" * 1000)
    media = DoorMedia(media_board(camera, microphone), faults.note)
    async with running(media.run):
        await eventually(lambda: len(media.video.pre_roll()) > 5)
    assert faults.said == [("microphone", "x" * 300)]


async def test_voices_reach_the_speaker_at_their_pace() -> None:
    speaker = ListSpeaker()
    media = DoorMedia(media_board(speaker=speaker))
    async with running(media.run):
        first, second = media.mixer.join(), media.mixer.join()
        for number in range(6):
            first.push(np.frombuffer(tone(500, number), np.int16))
            second.push(np.frombuffer(tone(500, number), np.int16))
        started = asyncio.get_running_loop().time()
        # Silence goes ahead, so that a piece always waits at the speaker.
        await eventually(lambda: len(speaker.played) == 1 + 6)
        assert asyncio.get_running_loop().time() - started > 0.07
        assert not any(speaker.played[0].samples)
        spoken = b"".join(frame.samples for frame in speaker.played)
        assert abs(loudest_hertz(spoken) - 500) < 10
        assert np.frombuffer(spoken, "<i2").max() > 15_000
        await asyncio.sleep(0.05)
        assert len(speaker.played) == 1 + 6


async def test_a_busy_speaker_is_said_and_heard_again() -> None:
    speaker, faults = ListSpeaker(), Faults()
    media = DoorMedia(media_board(speaker=speaker), faults.note)
    speaker.failure = BusyError("Another program uses the speaker. Stop it.")
    async with running(media.run):
        voice = media.mixer.join()
        voice.push(np.frombuffer(tone(500, 0) * 4, np.int16))
        await eventually(lambda: len(faults.said) == 1)
        speaker.failure = None
        voice.push(np.frombuffer(tone(500, 0) * 4, np.int16))
        await eventually(lambda: speaker.played)
    assert [part for part, _ in faults.said] == ["speaker", "speaker"]
    assert faults.said[-1] == ("speaker", None)
