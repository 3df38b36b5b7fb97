"""The ports of a board: what a part can do, whoever makes it.

Every part is an async context manager. `close()` may be called twice and after a failure.
A part raises the errors of `hardware.errors`, never those of its driver's library.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self

from media.frames import EncodedFrame, SoundFrame, VideoFormat


class Part(Protocol):
    """A life: opened by `async with`, closed at its end."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc_info: object) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Edge:
    """An input changed at `at_us` (monotonic clock): pressed or released, someone or no one."""

    active: bool
    at_us: int


class Sensor(Part, Protocol):
    """A debounced input: the button or the motion sensor."""

    @property
    def active(self) -> bool: ...

    def edges(self) -> AsyncIterator[Edge]:
        """Every edge from now on, none dropped. One taker."""


class Encoding(Protocol):
    """One stream of encoded pictures, encoded only while somebody takes its frames."""

    @property
    def format(self) -> VideoFormat: ...

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units as they are encoded, starting at a keyframe. One taker: the frame hub.

        Raises StalledError when no picture has come for two seconds.
        """

    def request_keyframe(self) -> None:
        """Make one of the next pictures a keyframe."""

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the picture, of the same shape: `zoom` times, centred on (`x`, `y`) in 0 to 1.

    A window that would reach beyond the picture is moved inside.
    """

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


class CloseUp(Encoding, Protocol):
    """An encoding of a part of the picture, from all the pixels that the sensor has there."""

    def aim(self, window: Window) -> None:
        """Show this part from the next picture on. MissingError when the camera cannot."""


class Camera(Part, Encoding, Protocol):
    """Encoded pictures. The camera itself is the large encoding: it is always taken."""

    @property
    def low(self) -> Encoding:
        """The same pictures, small, for narrow networks; a keyframe every second."""

    @property
    def close_up(self) -> CloseUp:
        """A part of the same pictures, as large as `low`."""


class Microphone(Part, Protocol):
    """Sound at the door."""

    def frames(self) -> AsyncIterator[SoundFrame]:
        """20 ms pieces in real time. One taker."""


class Speaker(Part, Protocol):
    """Voice to the door."""

    async def play(self, frame: SoundFrame) -> None:
        """Queue 20 ms of sound; the oldest is dropped when more than 200 ms wait."""

    def next_at_us(self) -> int:
        """When the piece that is handed over next will begin to sound (monotonic clock)."""

    def set_volume(self, percent: int) -> None: ...


class EchoCanceller(Part, Protocol):
    """Takes the speaker's sound out of the microphone's, and evens out noise and loudness."""

    def played(self, frame: SoundFrame) -> None:
        """What the speaker will sound (the reference), in order, before it sounds.

        Here `at_us` is when it begins to sound. Between pieces there is silence; nothing has to
        be said about it.
        """

    def cleaned(self, frame: SoundFrame) -> SoundFrame:
        """The microphone's 20 ms without echo; `at_us` stays the capture time.

        Raises ValueError for a piece of another length. May be called on another thread than
        `played`.
        """


class Lock(Part, Protocol):
    """An electric strike. It is locked unless a pulse runs, and after any failure."""

    @property
    def unlocked(self) -> bool: ...

    def pulse(self, seconds: float) -> None:
        """Open for `seconds`, at most LOCK_PULSE_LIMIT_S, then lock by itself.

        Raises BusyError while a pulse runs.
        """

    def secure(self) -> None:
        """Lock now."""


class Light(Part, Protocol):
    """The porch light."""

    @property
    def on(self) -> bool: ...

    def switch(self, on: bool) -> None: ...


class Chime(Part, Protocol):
    """The bell indoors."""

    def ring(self) -> None:
        """Sound once; does not wait."""


class Signal(Enum):
    """What the indicator at the door tells the visitor."""

    DARK = "dark"
    RINGING = "ringing"
    LIVE = "live"
    LISTENING = "listening"
    FAULT = "fault"


class Indicator(Part, Protocol):
    """The small light at the button."""

    def show(self, signal: Signal) -> None: ...
