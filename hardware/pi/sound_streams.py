"""Opening a sound card by PortAudio: one stream for both directions where that works.

One stream has one clock for what is heard and what is played, which an echo canceller likes.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeAlias

from hardware.errors import BusyError, HardwareError, MissingError
from hardware.pi.sound_losses import Losses
from hardware.pi.sound_names import Lister, Way, find
from hardware.pi.sound_quiet import hush
from hardware.pi.sound_rate import RATES_HZ, FromCard, ToCard, card_frame
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ

# PortAudio's numbers for what can go wrong when a stream is opened.
PA_DEVICE_UNAVAILABLE = -9985
PA_INVALID_SAMPLE_RATE = -9997
PA_CONTINUE = 0
# What a callback is told: the card had no room for what it heard, or nothing to play.
PA_INPUT_OVERFLOW = 2
PA_OUTPUT_UNDERFLOW = 4
SILENCE = bytes(2 * SOUND_FRAME_SAMPLES)

_log = logging.getLogger(__name__)

Callback: TypeAlias = Callable[
    [bytes | None, int, Mapping[str, float], int], tuple[bytes | None, int]
]


class _Stream(Protocol):
    def is_active(self) -> bool: ...
    def close(self) -> None: ...


class PyAudio(Lister, Protocol):
    """What is used of PyAudio; every object sees the cards that there were when the first began."""

    def open(self, **how: Any) -> _Stream: ...
    def terminate(self) -> None: ...


class MicrophoneEnd(Protocol):
    """Takes what a card hears."""

    def heard(self, piece: bytes, *, after_loss: bool) -> None:
        """20 ms, on PortAudio's thread; `after_loss`: what came before was lost."""

    def lost(self, error: HardwareError) -> None:
        """The card is gone; it may come back. On any thread."""


class SpeakerEnd(Protocol):
    """Gives what a card plays."""

    def wanted(self) -> bytes:
        """The next 20 ms, on PortAudio's thread."""


@dataclass(slots=True)
class Ends:
    """Who uses the cards; None: nobody."""

    microphone: MicrophoneEnd | None = None
    speaker: SpeakerEnd | None = None


@dataclass(slots=True)
class _Running:
    """A stream, and when it last asked for something."""

    ways: tuple[Way, ...]
    stream: _Stream | None = None
    called_at_s: float = field(default_factory=time.monotonic)


class OpenCards:
    """The streams of one look at the cards; all blocking, so for a thread of its own.

    PortAudio looks for cards only while none of its users is left, so both directions are opened
    and closed together. `errors` says what is wrong with a direction.
    """

    def __init__(self, names: Mapping[Way, str | None], ends: Ends, losses: Losses) -> None:
        """`names`: parts of them, None for the default."""
        self._names = names
        self._ends, self._losses = ends, losses
        self._running: list[_Running] = []
        self._audio: PyAudio | None = None
        self.errors: dict[Way, HardwareError] = {}

    def __enter__(self) -> Self:
        try:
            self._audio = load().PyAudio()
            self._open(self._audio)
        except HardwareError as error:
            self.errors = dict.fromkeys(self._names, error)
        except OSError as error:
            # PyAudio's own start: no sound system at all.
            self.errors = {way: translated(error, way) for way in self._names}
        return self

    def __exit__(self, *exc_info: object) -> None:
        for running in self._running:
            _close(running.stream)
        self._running.clear()
        if self._audio:
            self._audio.terminate()

    @property
    def duplex(self) -> bool:
        """Whether one stream serves both directions."""
        return any(len(running.ways) > 1 for running in self._running)

    def stopped(self, stall_s: float) -> tuple[Way, ...]:
        """The directions whose card has gone, or has not asked for anything for so long."""
        now_s = time.monotonic()
        return tuple(
            way
            for running in self._running
            if now_s - running.called_at_s > stall_s or not _active(running.stream)
            for way in running.ways
        )

    def _open(self, audio: PyAudio) -> None:
        found: dict[Way, int | None] = {}
        for way, name in self._names.items():
            try:
                found[way] = find(audio, name, way)
            except HardwareError as error:
                self.errors[way] = error
        if len(found) > 1 and len(set(found.values())) == 1 and self._open_both(audio, found):
            return
        for way, index in found.items():
            try:
                self._open_one(audio, way, index)
            except OSError as error:
                self.errors[way] = translated(error, way)

    def _open_both(self, audio: PyAudio, found: Mapping[Way, int | None]) -> bool:
        try:
            self._start(audio, found, SOUND_RATE_HZ)
        except OSError as error:
            _log.debug("the sound card does not do both directions at once: %s", error)
            return False
        return True

    def _open_one(self, audio: PyAudio, way: Way, index: int | None) -> None:
        for rate_hz in RATES_HZ:
            try:
                self._start(audio, {way: index}, rate_hz)
                return
            except OSError as error:
                if PA_INVALID_SAMPLE_RATE not in error.args or rate_hz == RATES_HZ[-1]:
                    raise

    def _start(self, audio: PyAudio, found: Mapping[Way, int | None], rate_hz: int) -> None:
        running = _Running(tuple(found))
        which = {f"{way}_device_index": index for way, index in found.items()}
        running.stream = audio.open(
            rate=rate_hz, channels=1, format=load().paInt16, frames_per_buffer=card_frame(rate_hz),
            stream_callback=self._callback(running, rate_hz), **dict.fromkeys(found, True), **which,
        )  # fmt: skip
        self._running.append(running)

    def _callback(self, running: _Running, rate_hz: int) -> Callback:
        """It must never wait, and never raise: PyAudio would raise that in our own thread."""
        ends, losses = self._ends, self._losses
        captured = FromCard(rate_hz)
        # Whoever is at the other end may change while the card stays open.
        played = ToCard(rate_hz, lambda: ends.speaker.wanted() if ends.speaker else SILENCE)

        def call(
            data: bytes | None, count: int, _time: Mapping[str, float], status: int
        ) -> tuple[bytes | None, int]:
            running.called_at_s = time.monotonic()
            overflow = bool(status & PA_INPUT_OVERFLOW)
            losses.overflows += overflow
            losses.underflows += bool(status & PA_OUTPUT_UNDERFLOW)
            if data is not None and ends.microphone:
                for piece in captured.pieces(data):
                    ends.microphone.heard(piece, after_loss=overflow)
            return played.samples(count) if "output" in running.ways else None, PA_CONTINUE

        return call


def load() -> Any:
    """PyAudio; MissingError names its package."""
    try:
        module = importlib.import_module("pyaudio")
    except ImportError as error:
        raise MissingError(
            "The sound driver is not installed. Install it with: sudo apt install python3-pyaudio"
        ) from error
    hush()
    return module


def translated(error: OSError, way: Way) -> HardwareError:
    """PortAudio's error in one sentence."""
    if PA_DEVICE_UNAVAILABLE in error.args:
        return BusyError(f"The sound card's {way} is in use. Close the program that uses it.")
    reason = error.args[-1] if error.args else error
    return MissingError(f"There is no sound card for {way}: {reason}. Plug one in.")


def _active(stream: _Stream | None) -> bool:
    try:
        return stream is None or stream.is_active()
    except OSError:
        return False


def _close(stream: _Stream | None) -> None:
    try:
        # Not stop_stream(): it waits until all is played, and the card may be gone.
        if stream:
            stream.close()
    except OSError as error:
        _log.warning("the sound card did not stop cleanly: %s", error)
