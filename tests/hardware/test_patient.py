"""Parts that come later: every kind, on drivers of paper and on the twin's own."""

from __future__ import annotations

import asyncio
from typing import Self

import pytest

from hardware import patient
from hardware.board import Board
from hardware.contracts import (
    check_camera,
    check_chime,
    check_indicator,
    check_light,
    check_lock,
    check_microphone,
    check_sensor,
    check_speaker,
)
from hardware.errors import BusyError, ClosedError, HardwareError, MissingError, StalledError
from hardware.options import BoardOptions
from hardware.patient import absence, present, renewed
from hardware.patient_parts import (
    PatientCamera,
    PatientChime,
    PatientIndicator,
    PatientLight,
    PatientLock,
    PatientMicrophone,
    PatientSensor,
    PatientSpeaker,
)
from hardware.ports import Camera, Light, Lock, Microphone, Sensor, Signal, Speaker, Window
from hardware.twin.board import TwinBoard, open_twin
from media.frames import SoundFrame
from tests.support.late_parts import Shelf
from tests.support.paper_board import (
    PaperBoard,
    PaperCamera,
    PaperIndicator,
    PaperLight,
    PaperLock,
    PaperMicrophone,
    PaperSensor,
    PaperSpeaker,
)

SMALL = BoardOptions(width=320, height=180, bitrate_bps=300_000)
FORMATS = (SMALL.video, SMALL.low, SMALL.close_up)
GONE = MissingError("It is not there. Plug it in.")


def of_twin(twin: TwinBoard) -> Board:
    """The twin's parts, each as one that may come later."""
    return Board(
        camera=PatientCamera(lambda: twin.camera, FORMATS),
        microphone=PatientMicrophone("microphone", lambda: twin.microphone),
        speaker=PatientSpeaker("speaker", lambda: twin.speaker),
        motion=PatientSensor("motion sensor", lambda: twin.motion),
        button=PatientSensor("button", lambda: twin.button),
        lock=PatientLock("lock", lambda: twin.lock),
        light=PatientLight("light", lambda: twin.light),
        chime=PatientChime("chime", lambda: twin.chime),
        indicator=PatientIndicator("indicator", lambda: twin.indicator),
    )


async def test_a_patient_part_keeps_every_promise_of_its_port() -> None:
    twin = open_twin(SMALL)
    board, world = of_twin(twin), twin.world
    await check_lock(board.lock, lambda: world.active("lock"))
    await check_light(board.light, lambda: world.active("light"))
    await check_chime(board.chime, lambda: world.active("chime"))
    await check_indicator(board.indicator)
    await check_sensor(board.button, lambda on: world.press() if on else world.release())
    await check_microphone(board.microphone)
    await check_speaker(board.speaker)
    await check_camera(board.camera)
    world.close()


async def test_a_part_that_is_away_says_why_and_stops_nothing() -> None:
    shelf = Shelf[Sensor](PaperSensor, GONE)
    async with PatientSensor("button", shelf.take) as button:
        assert str(absence(button)) == str(GONE)
        with pytest.raises(MissingError, match="Plug it in"):
            button.edges()
        with pytest.raises(MissingError):
            await present(button)
        shelf.missing = None
        assert await present(button)
        assert not await present(button)
        assert absence(button) is None
        assert not button.active
    with pytest.raises(ClosedError):
        button.edges()
    assert shelf.tries == 3


async def test_a_part_that_fails_in_use_is_opened_afresh() -> None:
    shelf = Shelf[Sensor](PaperSensor)
    async with PatientSensor("button", shelf.take) as button:
        first = shelf.taken[0]
        assert isinstance(first, PaperSensor)
        edges = button.edges()
        first.broken = True
        first.change(True)
        with pytest.raises(HardwareError, match="does not answer"):
            await anext(edges)
        assert first.did == ["close"]
        assert "does not answer" in str(absence(button))
        assert await present(button)
        assert len(shelf.taken) == 2


async def test_what_was_said_to_an_absent_part_counts_when_it_comes() -> None:
    speakers, indicators = Shelf[Speaker](PaperSpeaker, GONE), Shelf(PaperIndicator, GONE)
    async with (
        PatientSpeaker("speaker", speakers.take) as speaker,
        PatientIndicator("indicator", indicators.take) as indicator,
    ):
        speaker.set_volume(40)
        with pytest.raises(MissingError):
            await speaker.play(SoundFrame(b"", 0))
        with pytest.raises(MissingError):
            indicator.show(Signal.RINGING)
        speakers.missing = indicators.missing = None
        assert await present(speaker)
        assert await present(indicator)
        assert isinstance(speakers.taken[0], PaperSpeaker)
        assert speakers.taken[0].did == [40]
        assert indicators.taken[0].did == [Signal.RINGING]


async def test_a_speaker_that_is_pulled_out_while_it_plays_is_opened_afresh() -> None:
    shelf = Shelf[Speaker](PaperSpeaker)
    async with PatientSpeaker("speaker", shelf.take) as speaker:
        first = shelf.taken[0]
        assert isinstance(first, PaperSpeaker)
        first.broken = True
        with pytest.raises(HardwareError):
            await speaker.play(SoundFrame(b"", 0))
        assert await present(speaker)
        await speaker.play(SoundFrame(b"", 0))
        assert len(shelf.taken) == 2


async def test_a_lock_that_is_away_is_locked_and_refuses() -> None:
    shelf = Shelf[Lock](PaperLock, BusyError("Another program holds the lock. Stop it."))
    async with PatientLock("lock", shelf.take) as lock:
        assert not lock.unlocked
        with pytest.raises(BusyError):
            lock.pulse(1)
        shelf.missing = None
        await renewed(lock)
        lock.pulse(1)
        assert lock.unlocked
        await renewed(lock)
        first = shelf.taken[0]
        assert isinstance(first, PaperLock)
        assert first.did[-1] == "close"
        assert not lock.unlocked


async def test_an_absent_camera_has_its_formats_and_hears_of_rates_later() -> None:
    shelf = Shelf[Camera](PaperCamera, GONE)
    async with PatientCamera(shelf.take, FORMATS) as camera:
        assert (camera.format, camera.low.format, camera.close_up.format) == FORMATS
        for encoding in (camera, camera.low, camera.close_up):
            encoding.request_keyframe()
            with pytest.raises(MissingError):
                encoding.frames()
        with pytest.raises(MissingError):
            camera.close_up.aim(Window())
        camera.set_bitrate(400_000)
        camera.low.set_bitrate(200_000)
        shelf.missing = None
        assert await present(camera)
        driver = shelf.taken[0]
        assert isinstance(driver, PaperCamera)
        assert (driver.did, driver.low.did, driver.close_up.did) == ([400_000], [200_000], [])
        camera.low.request_keyframe()
        assert driver.low.did[-1] == "keyframe"


class HangingPart(PaperLight):
    """Never opens, and never closes either."""

    async def __aenter__(self) -> Self:
        await asyncio.Event().wait()
        return self

    async def close(self) -> None:
        await asyncio.Event().wait()


async def test_a_driver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "OPEN_LIMIT_S", 0.01)
    monkeypatch.setattr(patient, "CLOSE_LIMIT_S", 0.01)
    async with PatientLight("light", Shelf[Light](HangingPart).take) as light:
        assert isinstance(absence(light), StalledError)
        assert not light.on


async def test_a_board_opens_without_its_parts_and_closes_the_lock_last() -> None:
    board, closed = PaperBoard(), list[str]()

    class Told(PaperLock):
        async def close(self) -> None:
            closed.append("lock")

    class Camera(PaperCamera):
        async def close(self) -> None:
            closed.append("camera")

    board.lock, board.camera = Told(), Camera()
    board.microphone = PatientMicrophone(
        "microphone", Shelf[Microphone](PaperMicrophone, GONE).take
    )
    async with board:
        assert absence(board.microphone) is not None
        assert absence(board.camera) is None
    assert closed == ["camera", "lock"]


async def test_a_part_without_patience_still_stops_the_board() -> None:
    class Refusing(PaperLight):
        async def __aenter__(self) -> Self:
            raise MissingError("There is no light. Wire one.")

    board = PaperBoard()
    board.light = Refusing()
    with pytest.raises(MissingError, match="Wire one"):
        async with board:
            pass
    assert board.paper_lock.did == ["close"]
