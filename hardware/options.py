"""What a board is told when it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from media.frames import VideoFormat

# What a phone on a bad network still gets: a face at the door can be told from another.
SMALL_WIDTH, SMALL_HEIGHT = 640, 360


Echo = Literal["webrtc", "duck", "off"]


Wired = Literal["button", "motion", "lock", "light", "chime", "indicator", "infrared"]


@dataclass(frozen=True, slots=True)
class Pins:
    """The board's wiring: GPIO numbers as Broadcom counts them.

    18 to 21 are left free for I2S sound, 2 and 3 for I2C.
    """

    button: int = 17
    motion: int = 27
    lock: int = 22
    light: int = 23
    chime: int = 24
    indicator: int = 12
    infrared: int | None = None
    """Of the infra-red light; None: there is none."""
    inverted: frozenset[Wired] = frozenset()
    """Parts that work the other way round: a relay that closes when its pin is low, say."""

    def active_high(self, part: Wired) -> bool:
        """Whether a part is active while its pin is high. A button's contact is so inverted."""
        return (part in self.inverted) is (part == "button")


@dataclass(frozen=True, slots=True)
class Optics:
    """How the Pi's camera looks at the door."""

    number: int = 0
    """Which camera, as `rpicam-hello --list-cameras` counts."""
    rotation: Literal[0, 180] = 0
    focus: Literal["auto", "fixed"] = "fixed"
    focus_distance_m: float = 1.2
    exposure: Literal["balanced", "faces", "street"] = "faces"
    night: Literal["auto", "off"] = "auto"
    dusk_lux: float = 5.0
    """Below this it is night: longer exposures, and the infra-red light."""


@dataclass(frozen=True, slots=True)
class PictureMotion:
    """Motion found in the picture. Zones are (x, y, width, height) in 0 to 1; none: all of it."""

    sensitivity: int = 5
    zones: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BoardOptions:
    """How to open a board; each board reads what concerns it.

    `camera` (twin): "porch", "loop", the path of a video file, or "/dev/videoN".
    `sound` (twin): "visitor", "silence", or the path of a sound file.
    """

    camera: str = "porch"
    sound: str = "visitor"
    language: Literal["en", "de"] = "en"
    """Of the visitor and of the clock in the drawn picture."""
    control_socket: Path | None = None
    """Where a running twin listens for `send`; None: nowhere."""
    cache_dir: Path | None = None
    """Where the pre-encoded loop is kept; None: encoded afresh each time."""
    width: int = 1280
    height: int = 720
    fps: int = 30
    bitrate_bps: int = 2_000_000
    low_bitrate_bps: int = 350_000
    close_bitrate_bps: int = 500_000
    time_code: bool = True
    """Whether the twin writes the machine-readable capture time into its pictures."""
    echo: Echo = "webrtc"
    """How the speaker is kept out of the microphone; "webrtc" needs `pywebrtc-audio`."""
    audio_device: str | None = None
    """Part of the sound card's name (Pi); None: the system's default."""
    audio_output: str | None = None
    """Of the speaker's, where it is another card (Pi)."""
    optics: Optics = field(default_factory=Optics)
    motion: Literal["sensor", "picture", "both"] = "sensor"
    """What tells that someone moves."""
    picture_motion: PictureMotion = field(default_factory=PictureMotion)
    lock_socket: Path | None = None
    """Where the process listens that owns the lock's relay; None: the usual place on the Pi, and
    on the twin a relay of its own."""
    pins: Pins = field(default_factory=Pins)

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or not 64 <= self.width <= 1920:
            raise ValueError(
                f"A picture of {self.width} × {self.height} cannot be encoded."
                " Use even numbers up to 1920 × 1080, like 1280 × 720."
            )
        if not (64 <= self.height <= 1080 and 1 <= self.fps <= 60):
            raise ValueError(
                f"A picture {self.height} high at {self.fps} a second is beyond the encoder."
                " Use up to 1080 and 60, like 720 and 30."
            )

    @property
    def video(self) -> VideoFormat:
        """What the camera is to yield."""
        return VideoFormat(self.width, self.height, self.fps, self.bitrate_bps)

    @property
    def low(self) -> VideoFormat:
        """The same pictures, small."""
        return smaller(self.video, self.low_bitrate_bps)

    @property
    def close_up(self) -> VideoFormat:
        """A part of the same pictures, as large as `low`."""
        return smaller(self.video, self.close_bitrate_bps)


def smaller(video: VideoFormat, bitrate_bps: int) -> VideoFormat:
    """The same shape within 640 × 360, and never more than half as wide, in even numbers."""
    scale = min(SMALL_WIDTH / video.width, SMALL_HEIGHT / video.height, 0.5)
    width, height = (int(size * scale) // 2 * 2 for size in (video.width, video.height))
    return VideoFormat(width, height, video.fps, bitrate_bps)
