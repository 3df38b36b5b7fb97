"""The Raspberry Pi's board: its parts opened on real pins, camera and sound card."""

from __future__ import annotations

from hardware.board import Board
from hardware.echo.choose import open_canceller
from hardware.gpio import GpioLight, GpioSensor
from hardware.gpio_indicator import GpioIndicator
from hardware.gpio_pulse import GpioChime, GpioLock
from hardware.options import BoardOptions
from hardware.pi.camera import PiCamera
from hardware.pi.gpio import open_factory
from hardware.pi.sound import PiMicrophone, PiSpeaker, SoundCard


def open_pi(options: BoardOptions) -> Board:
    """A Pi's board, not yet entered. MissingError when a driver is not installed."""
    factory, pins = open_factory(), options.pins
    card = SoundCard(options.audio_device)
    return Board(
        camera=PiCamera(
            (options.video, options.low, options.close_up), flip=options.optics.rotation == 180
        ),
        canceller=open_canceller(options.echo),
        microphone=PiMicrophone(card),
        speaker=PiSpeaker(card),
        motion=GpioSensor.motion(pins.motion, factory),
        button=GpioSensor.button(pins.button, factory),
        lock=GpioLock(pins.lock, factory),
        light=GpioLight(pins.light, factory),
        chime=GpioChime(pins.chime, factory),
        indicator=GpioIndicator(pins.indicator, factory),
    )
