"""The whole service on a board whose camera and microphone are not there, and come later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from device import wiring
from device.app import Greeting, serve
from device.services import door_layer, door_media, mending
from device.settings import CameraSettings, DoorbellSettings, Settings, StateSettings
from device.settings import ServerSettings as ServerPlace
from hardware.errors import BusyError, MissingError
from hardware.patient_parts import PatientCamera, PatientMicrophone, PatientSensor
from hardware.ports import Camera, Microphone, Sensor
from hardware.twin.board import TwinBoard, open_twin
from hardware.twin.control import send
from protocol.control import CallState
from protocol.door import DoorState
from protocol.link import Hello, Report, State, VisitMoment, VisitOpened
from tests.support.carrier import Carrier
from tests.support.door import eventually, running
from tests.support.late_parts import Shelf
from tests.support.link_server import LinkServer, link_server
from tests.support.loop_camera import CLOSE, LOW, VIDEO, LoopCamera, ToneMicrophone
from tests.support.paper_board import PaperSensor
from tests.support.phone import LoopPhone

NO_CAMERA = BusyError("The camera is in use by another program. Close what uses it.")
NO_MICROPHONE = MissingError("There is no sound card. Plug one in.")


@dataclass
class Porch:
    """A running doorbell, and the shelves from which its parts may come."""

    state: Path
    server: LinkServer
    cameras: Shelf[Camera]
    microphones: Shelf[Microphone]
    greeting: Greeting


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (door_media, door_layer):
        monkeypatch.setattr(module, "RETRY_FIRST_S", 0.02)
        monkeypatch.setattr(module, "RETRY_LIMIT_S", 0.05)
    monkeypatch.setattr(mending, "MEND_EVERY_S", 0.05)


@asynccontextmanager
async def porch(
    state: Path, monkeypatch: pytest.MonkeyPatch, button: Shelf[Sensor] | None = None
) -> AsyncIterator[Porch]:
    """A twin with an absent camera and microphone, and a button from its shelf."""
    cameras = Shelf[Camera](LoopCamera, NO_CAMERA)
    microphones = Shelf[Microphone](ToneMicrophone, NO_MICROPHONE)

    def board_of(settings: Settings) -> TwinBoard:
        twin = open_twin(wiring.options_of(settings))
        twin.camera = PatientCamera(cameras.take, (VIDEO, LOW, CLOSE))
        twin.microphone = PatientMicrophone("microphone", microphones.take)
        if button is not None:
            real, button.make = twin.button, lambda: real
            twin.button = PatientSensor("button", button.take)
        return twin

    monkeypatch.setattr(wiring, "board_of", board_of)
    greeted: asyncio.Queue[Greeting] = asyncio.Queue()
    async with link_server() as server:
        settings = Settings(
            doorbell=DoorbellSettings(name="Garden gate"),
            server=ServerPlace(url=server.url),
            state=StateSettings(directory=state, reset_folder=state),
            camera=CameraSettings(time_code=True),
        )
        async with running(lambda: serve(settings, greeted.put_nowait)):
            async with asyncio.timeout(10):
                greeting = await greeted.get()
            yield Porch(state, server, cameras, microphones, greeting)


def faults_of(door: DoorState | None) -> dict[str, str]:
    return {fault.part: fault.detail for fault in door.faults} if door else {}


def shown_to(phone: LoopPhone) -> dict[str, str]:
    """The faults that the phone was told last, in its call."""
    doors = [reply.door for reply in phone.replies if isinstance(reply, CallState)]
    return faults_of(doors[-1] if doors else None)


async def test_it_rings_and_talks_without_camera_and_shows_it_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with porch(tmp_path, monkeypatch) as door, LoopPhone() as phone:
        assert door.greeting.absent == {
            "camera": str(NO_CAMERA), "microphone": str(NO_MICROPHONE)
        }  # fmt: skip
        carrier = Carrier(await door.server.line())
        await carrier.line.welcome()
        key = await carrier.pair(phone, tmp_path)

        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        opened, rang = await carrier.hear(Report), await carrier.hear(Report)
        assert isinstance(opened.what, VisitOpened)
        assert isinstance(rang.what, VisitMoment)

        await carrier.call(phone, key, "call-0001")
        await eventually(lambda: shown_to(phone).get("camera") == str(NO_CAMERA))
        assert shown_to(phone)["microphone"] == str(NO_MICROPHONE)
        assert not phone.numbers

        # The log's single line below is worth something only when it was tried again and again.
        await eventually(lambda: door.cameras.tries > 5)
        door.cameras.missing = None
        await phone.until(lambda: any(number is not None for number in phone.numbers))
        await eventually(lambda: "camera" not in shown_to(phone))
        door.microphones.missing = None
        await phone.until(lambda: len(phone.samples) > 5)
        await eventually(lambda: "microphone" not in shown_to(phone))
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if str(NO_CAMERA) in line]) == 1
    assert len([line for line in said if str(NO_MICROPHONE) in line]) == 1


async def test_a_button_that_comes_later_rings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = MissingError("GPIO 17 (button) is not there. Check the pins.")
    button = Shelf[Sensor](PaperSensor, missing)
    async with porch(tmp_path, monkeypatch, button) as door:
        carrier = Carrier(await door.server.line())
        await carrier.line.welcome()
        told = (await carrier.hear(Hello)).state
        while "button" not in faults_of(told):
            told = (await carrier.hear(State)).state
        assert faults_of(told)["button"] == str(missing)

        button.missing = None
        while "button" in faults_of(told):
            told = (await carrier.hear(State)).state
        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert isinstance((await carrier.hear(Report)).what, VisitOpened)
