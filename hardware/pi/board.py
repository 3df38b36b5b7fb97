"""The Raspberry Pi's board: its parts on real pins, camera and sound card.

Every part may be missing and come later (`hardware.patient`); a driver is loaded when its part is
opened for the first time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hardware.board import Board
from hardware.echo.choose import open_canceller
from hardware.gpio import GpioLight, GpioSensor
from hardware.gpio_indicator import GpioIndicator
from hardware.gpio_pulse import GpioChime
from hardware.keeper.client import KeptLock
from hardware.options import BoardOptions
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
from hardware.pi.gpio import open_factory
from hardware.pi.sound import PiMicrophone, PiSpeaker, SoundCard


def open_pi(options: BoardOptions) -> Board:
    """A Pi's board, not yet entered."""
    pins, card = options.pins, SoundCard(options.audio_device, options.audio_output)

    @cache
    def factory() -> Any:
        """The GPIO chip, opened once for all pins; looked for again while it is missing."""
        return open_factory()

    return Board(
        camera=_camera(options),
        canceller=open_canceller(options.echo),
        microphone=PatientMicrophone("microphone", lambda: PiMicrophone(card)),
        speaker=PatientSpeaker("speaker", lambda: PiSpeaker(card)),
        motion=PatientSensor("motion sensor", lambda: GpioSensor.motion(pins.motion, factory())),
        button=PatientSensor("button", lambda: GpioSensor.button(pins.button, factory())),
        lock=PatientLock("lock", lambda: KeptLock(options.lock_socket)),
        light=PatientLight("light", lambda: GpioLight(pins.light, factory())),
        chime=PatientChime("chime", lambda: GpioChime(pins.chime, factory())),
        indicator=PatientIndicator("indicator", lambda: GpioIndicator(pins.indicator, factory())),
    )


def _camera(options: BoardOptions) -> PatientCamera:
    formats = (options.video, options.low, options.close_up)
    flip = options.optics.rotation == 180
    return PatientCamera(lambda: PiCamera(formats, flip=flip), formats)
