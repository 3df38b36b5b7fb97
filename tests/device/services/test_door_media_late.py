"""The door's media when parts are unplugged, plugged in again, or were never there."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from device.services import door_layer, door_media
from device.services.door_media import DoorMedia
from hardware.board import Board
from hardware.errors import MissingError, StalledError
from hardware.patient_parts import PatientCamera, PatientMicrophone, PatientSpeaker
from hardware.ports import Camera, Microphone, Speaker
from tests.support.door import eventually, media_board, running
from tests.support.late_parts import Faults, Shelf
from tests.support.loop_camera import (
    CLOSE,
    LOW,
    VIDEO,
    ListSpeaker,
    LoopCamera,
    ToneMicrophone,
    tone,
)

GONE = MissingError("There is no sound card. Plug one in.")
PULLED = StalledError("The microphone gives no sound. Check its plug.")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (door_media, door_layer):
        monkeypatch.setattr(module, "RETRY_FIRST_S", 0.02)
        monkeypatch.setattr(module, "RETRY_LIMIT_S", 0.05)


class House:
    """A board whose three media parts come from shelves, and what is said of them."""

    def __init__(self) -> None:
        self.cameras = Shelf[Camera](LoopCamera)
        self.microphones = Shelf[Microphone](ToneMicrophone)
        self.speakers = Shelf[Speaker](ListSpeaker)
        self.faults = Faults()

    @property
    def board(self) -> Board:
        board = media_board()
        board.camera = PatientCamera(self.cameras.take, (VIDEO, LOW, CLOSE))
        board.microphone = PatientMicrophone("microphone", self.microphones.take)
        board.speaker = PatientSpeaker("speaker", self.speakers.take)
        return board


async def test_a_microphone_that_is_unplugged_in_a_call_comes_back() -> None:
    house = House()
    media = DoorMedia(house.board, house.faults.note)
    async with running(media.run):
        await eventually(lambda: len(media.sound.pre_roll()) > 5)
        pulled = house.microphones.taken[0]
        assert isinstance(pulled, ToneMicrophone)
        house.microphones.missing, pulled.failure = GONE, PULLED
        await eventually(lambda: house.microphones.tries > 3)
        pictures = len(media.video.pre_roll())
        heard = len(media.sound.pre_roll())
        house.microphones.missing = None
        await eventually(lambda: len(media.sound.pre_roll()) > heard + 5)
        await eventually(lambda: len(media.video.pre_roll()) > pictures)
    assert house.faults.of("microphone") == [str(PULLED), None]
    assert house.faults.of("camera") == []
    assert len(house.microphones.taken) == 2


async def test_a_speaker_that_is_not_there_is_told_before_anybody_speaks() -> None:
    house = House()
    house.speakers.missing = GONE
    media = DoorMedia(house.board, house.faults.note)
    async with running(media.run):
        await eventually(lambda: house.faults.of("speaker") == [str(GONE)])
        house.speakers.missing = None
        await eventually(lambda: house.faults.of("speaker") == [str(GONE), None])
        speaker = house.speakers.taken[0]
        assert isinstance(speaker, ListSpeaker)
        voice = media.mixer.join()
        voice.push(np.frombuffer(tone(500, 0) * 4, np.int16))
        await eventually(lambda: speaker.played)


async def test_a_phone_on_the_small_picture_gets_it_when_the_camera_comes() -> None:
    house = House()
    house.cameras.missing = MissingError("No camera is connected. Check its cable.")
    media = DoorMedia(house.board, house.faults.note)
    async with running(media.run):
        with media.picture.using("low"), media.picture.hubs["low"].watch() as viewer:
            await eventually(lambda: house.cameras.tries > 2)
            house.cameras.missing = None
            async with asyncio.timeout(5):
                assert (await anext(viewer)).keyframe
    assert house.faults.of("camera") == ["No camera is connected. Check its cable.", None]
