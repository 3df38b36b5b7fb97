"""The twin: a whole board without hardware, and the world around it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from hardware.board import Board
from hardware.camera_feed import STALL_TIMEOUT_S
from hardware.echo.choose import open_canceller
from hardware.either_sensor import chosen
from hardware.errors import MissingError
from hardware.gpio import GpioLight, GpioSensor
from hardware.gpio_indicator import GpioIndicator
from hardware.gpio_pulse import GpioChime, GpioLock
from hardware.keeper.client import KeptLock
from hardware.options import BoardOptions
from hardware.patient_parts import PatientCamera
from hardware.picture_sensor import PictureSensor
from hardware.ports import Camera, Lock
from hardware.sound_file import read_sound
from hardware.twin.camera import SceneCamera
from hardware.twin.control import ControlServer
from hardware.twin.loop import LoopCamera
from hardware.twin.pictures import Scene
from hardware.twin.pins import PorchFactory
from hardware.twin.porch.scene import Porch
from hardware.twin.sound import TwinMicrophone, TwinSpeaker, background
from hardware.twin.v4l2 import UsbCamera
from hardware.twin.video_file import VideoFile, open_video
from hardware.twin.world import World

DRAWN_CAMERAS = ("porch", "loop")
SOUNDS = Path(__file__).parent / "sounds"


@dataclass(kw_only=True)
class TwinBoard(Board):
    """A board with the `world` it stands in; drive that to make things happen."""

    world: World
    control: ControlServer | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            opening.callback(self.world.close)
            await opening.enter_async_context(_Parts(self))
            if self.control:
                await opening.enter_async_context(self.control)
            self._life = opening.pop_all()
        return self


class _Parts:
    """The plain board's own life, inside the twin's."""

    def __init__(self, board: TwinBoard) -> None:
        self._board = board
        self._life = AsyncExitStack()

    async def __aenter__(self) -> None:
        await Board.__aenter__(self._board)
        self._life = self._board._life

    async def __aexit__(self, *exc_info: object) -> None:
        await self._life.aclose()


def open_twin(options: BoardOptions, *, stall_timeout_s: float = STALL_TIMEOUT_S) -> TwinBoard:
    """A twin, not yet entered. MissingError when its camera or sound file is not there."""
    greeting = None
    if options.sound == "visitor":
        greeting = read_sound(SOUNDS / f"greeting.{options.language}.ogg")
    world = World(options.pins, greeting=greeting)
    factory, pins = world.factory, options.pins
    picture = PictureSensor(options.picture_motion)
    return TwinBoard(
        world=world,
        control=ControlServer(world, options.control_socket) if options.control_socket else None,
        camera=_camera(options, world, stall_timeout_s, picture),
        canceller=open_canceller(options.echo),
        microphone=TwinMicrophone(background(options.sound), world.voice),
        speaker=TwinSpeaker(world.ears),
        motion=chosen(
            options.motion,
            lambda: GpioSensor.motion(pins.motion, factory, inverted="motion" in pins.inverted),
            picture,
        ),
        button=GpioSensor.button(pins.button, factory, inverted="button" in pins.inverted),
        lock=_lock(options, factory),
        light=GpioLight(pins.light, factory, active_high=pins.active_high("light")),
        chime=GpioChime(pins.chime, factory, active_high=pins.active_high("chime")),
        indicator=GpioIndicator(pins.indicator, factory, active_high=pins.active_high("indicator")),
    )


def _lock(options: BoardOptions, factory: PorchFactory) -> Lock:
    """A relay of the twin's own, unless a keeper is named."""
    if options.lock_socket is not None:
        return KeptLock(options.lock_socket)
    pins = options.pins
    return GpioLock(pins.lock, factory, active_high=pins.active_high("lock"))


def _camera(
    options: BoardOptions, world: World, stall_timeout_s: float, picture: PictureSensor
) -> Camera:
    formats = (options.video, options.low, options.close_up)
    if options.camera == "loop":
        if options.motion != "sensor":
            raise MissingError(
                "The loop has no pictures that could be looked at for motion."
                ' Use the camera "porch", or "sensor" for motion.'
            )
        return LoopCamera(formats, options.cache_dir, lambda: world.stalled, stall_timeout_s)
    scene = _scene(options, world)

    def camera() -> SceneCamera:
        return SceneCamera(
            scene,
            formats,
            time_code=options.time_code,
            stalled=lambda: world.stalled,
            stall_timeout_s=stall_timeout_s,
            eye=None if options.motion == "sensor" else picture,
        )

    # A USB camera may be plugged in later, or another program may still use it.
    return PatientCamera(camera, formats) if _is_device(Path(options.camera)) else camera()


def _is_device(path: Path) -> bool:
    return path.is_relative_to("/dev")


def _scene(options: BoardOptions, world: World) -> Callable[[], Scene]:
    if options.camera == "porch":
        return lambda: Porch(world, options.video, options.language)
    path = Path(options.camera)
    if _is_device(path):
        return lambda: UsbCamera(path, options.video)
    if not path.exists():
        near = get_close_matches(options.camera, DRAWN_CAMERAS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise MissingError(
            f"There is no camera {options.camera!r}.{hint}"
            ' Use "porch", "loop", the path of a video file, or /dev/video0.'
        )
    open_video(path).close()
    return lambda: VideoFile(path)
