"""The Raspberry Pi's board: its parts on real pins, camera and sound card.

Every part may be missing and come later (`hardware.patient`); a driver is loaded when its part is
opened for the first time.
"""

from __future__ import annotations

from hardware.board import Board
from hardware.echo.choose import open_canceller
from hardware.either_sensor import chosen
from hardware.keeper.client import KeptLock
from hardware.options import BoardOptions, Pins
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
from hardware.pi.camera import PiCamera
from hardware.pi.gpio import Header
from hardware.pi.infrared import InfraredLight
from hardware.pi.sight import Sight
from hardware.pi.sound import PiMicrophone, PiSpeaker, SoundCard
from hardware.picture_sensor import PictureSensor


def open_pi(options: BoardOptions) -> Board:
    """A Pi's board, not yet entered."""
    header, card = Header(options.pins), SoundCard(options.audio_device, options.audio_output)
    picture = PictureSensor(options.picture_motion)
    eye = None if options.motion == "sensor" else picture

    return Board(
        camera=_camera(options, Sight(options.optics, eye, _infrared(options.pins, header))),
        canceller=open_canceller(options.echo),
        microphone=PatientMicrophone("microphone", lambda: PiMicrophone(card)),
        speaker=PatientSpeaker("speaker", lambda: PiSpeaker(card)),
        motion=chosen(
            options.motion, lambda: PatientSensor("motion sensor", header.motion), picture
        ),
        button=PatientSensor("button", header.button),
        lock=PatientLock("lock", lambda: KeptLock(options.lock_socket)),
        light=PatientLight("light", header.light),
        chime=PatientChime("chime", header.chime),
        indicator=PatientIndicator("indicator", header.indicator),
    )


def _camera(options: BoardOptions, sight: Sight) -> PatientCamera:
    formats = (options.video, options.low, options.close_up)
    return PatientCamera(lambda: PiCamera(formats, options.optics, sight=sight), formats)


def _infrared(pins: Pins, header: Header) -> InfraredLight | None:
    if pins.infrared is None:
        return None
    return InfraredLight(pins.infrared, header.factory, inverted="infrared" in pins.inverted)
