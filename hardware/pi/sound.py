"""The Pi's microphone and speaker, by PyAudio in callback mode: 48 kHz, mono, 20 ms pieces.

PortAudio calls back on its own thread, which must never wait: it copies and returns. The two
streams are separate here; a duplex stream, which echo cancelling likes, would replace both.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np

from hardware.bridge import Bridge, now_us
from hardware.errors import BusyError, ClosedError, HardwareError, MissingError, StalledError
from hardware.pi.steady import SteadyTime
from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame

# A sound card that has not called for this long is gone (a USB plug, most often).
STALL_TIMEOUT_S = 2.0
# Half a second: a taker that is later than this has other troubles.
CAPTURE_LIMIT_FRAMES = 25
# More waiting sound than this is heard too late to talk with.
PLAY_LIMIT_FRAMES = 200 // SOUND_FRAME_MS
SILENCE = bytes(2 * SOUND_FRAME_SAMPLES)
# PortAudio's numbers for what can go wrong when a stream is opened.
PA_DEVICE_UNAVAILABLE = -9985
PA_CONTINUE = 0
PA_INPUT_OVERFLOW = 2

_log = logging.getLogger(__name__)

Callback = Callable[[bytes | None, int, Mapping[str, float], int], tuple[bytes | None, int]]


class _Stream(Protocol):
    def stop_stream(self) -> None: ...
    def close(self) -> None: ...


class _PyAudio(Protocol):
    def open(self, **how: Any) -> _Stream: ...
    def terminate(self) -> None: ...
    def get_device_count(self) -> int: ...
    def get_device_info_by_index(self, device_index: int) -> Mapping[str, Any]: ...


class SoundCard:
    """The card by part of its name (None: the system's default); opens streams on it.

    PortAudio sees the cards once, when it starts, so every stream has a PyAudio of its own.
    """

    def __init__(self, name: str | None) -> None:
        self._name = name

    def open_input(self, callback: Callback) -> Callable[[], None]:
        """Start to capture; returns what stops it. Blocks for some 100 ms."""
        return self._open("input", callback)

    def open_output(self, callback: Callback) -> Callable[[], None]:
        """Start to play; returns what stops it. Blocks for some 100 ms."""
        return self._open("output", callback)

    def _open(self, way: str, callback: Callback) -> Callable[[], None]:
        module = _load()
        audio: _PyAudio = module.PyAudio()
        try:
            stream = audio.open(
                rate=SOUND_RATE_HZ, channels=1, format=module.paInt16,
                frames_per_buffer=SOUND_FRAME_SAMPLES, stream_callback=callback,
                **{way: True, f"{way}_device_index": self._index(audio, way)},
            )  # fmt: skip
        except OSError as error:
            audio.terminate()
            raise _translated(error, way) from error
        except HardwareError:
            audio.terminate()
            raise
        return lambda: _close(stream, audio)

    def _index(self, audio: _PyAudio, way: str) -> int | None:
        if self._name is None:
            return None
        names = []
        for index in range(audio.get_device_count()):
            info = audio.get_device_info_by_index(index)
            if info[f"max{way.capitalize()}Channels"] > 0:
                names.append(str(info["name"]))
                if self._name.lower() in names[-1].lower():
                    return index
        raise MissingError(
            f"There is no sound card {self._name!r} for {way}."
            f" There are: {', '.join(names) or 'none'}."
        )


class PiMicrophone:
    """Captures while it is open; the pieces of a late taker are dropped, the oldest first."""

    def __init__(self, card: SoundCard) -> None:
        self._card = card
        self._stop: Callable[[], None] | None = None
        self._bridge: Bridge[SoundFrame] | None = None
        self._time = SteadyTime(SOUND_FRAME_MS * 1000)

    async def __aenter__(self) -> Self:
        self._stop = await asyncio.to_thread(self._card.open_input, self._captured)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        stop, self._stop = self._stop, None
        if self._bridge:
            self._bridge.close()
        if stop:
            await asyncio.to_thread(stop)

    def frames(self) -> AsyncIterator[SoundFrame]:
        """20 ms pieces in real time, from now on; a second taker ends the first."""
        if self._stop is None:
            raise ClosedError("The microphone is closed.")
        if self._bridge:
            self._bridge.close()
        self._bridge = Bridge[SoundFrame](CAPTURE_LIMIT_FRAMES)
        return self._taken(self._bridge)

    async def _taken(self, bridge: Bridge[SoundFrame]) -> AsyncIterator[SoundFrame]:
        while True:
            try:
                async with asyncio.timeout(STALL_TIMEOUT_S):
                    frame = await anext(bridge, None)
            except TimeoutError as error:
                raise StalledError(
                    "The microphone gives no sound. Check its plug, then restart the doorbell."
                ) from error
            if frame is None:
                return
            yield frame

    def _captured(
        self, data: bytes | None, _count: int, _time: Mapping[str, float], status: int
    ) -> tuple[bytes | None, int]:
        if status & PA_INPUT_OVERFLOW:
            # The card lost sound: what comes now is not the next piece, but a later one.
            self._time = SteadyTime(SOUND_FRAME_MS * 1000)
        # A piece is complete when it arrives, so it began one piece's length ago.
        at_us = self._time.at(now_us() - SOUND_FRAME_MS * 1000)
        if (bridge := self._bridge) and data is not None and len(data) == len(SILENCE):
            bridge.put(SoundFrame(data, at_us))
        return None, PA_CONTINUE


class PiSpeaker:
    """Plays what waits, silence otherwise."""

    def __init__(self, card: SoundCard) -> None:
        self._card = card
        self._stop: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque(maxlen=PLAY_LIMIT_FRAMES)
        self._volume = 1.0
        self._time = SteadyTime(SOUND_FRAME_MS * 1000)
        self._wanted_at_us = 0

    async def __aenter__(self) -> Self:
        self._stop = await asyncio.to_thread(self._card.open_output, self._wanted)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        stop, self._stop = self._stop, None
        if stop:
            await asyncio.to_thread(stop)

    async def play(self, frame: SoundFrame) -> None:
        """Queue 20 ms of sound; the oldest is dropped when more than 200 ms wait."""
        if self._stop is None:
            raise ClosedError("The speaker is closed.")
        with self._lock:
            self._waiting.append(frame.samples)

    def next_at_us(self) -> int:
        """When the piece that is handed over next will begin to sound.

        The card's own delay is not in it: an echo canceller finds that by itself.
        """
        with self._lock:
            ahead_us = (len(self._waiting) + 1) * SOUND_FRAME_MS * 1000
            return max(min(self._wanted_at_us, now_us()) + ahead_us, now_us())

    def set_volume(self, percent: int) -> None:
        """Loudness, 0 to 100."""
        if not 0 <= percent <= 100:
            raise ValueError(f"A volume is 0 to 100, not {percent}.")
        self._volume = percent / 100

    def _wanted(
        self, _data: bytes | None, _count: int, _time: Mapping[str, float], _status: int
    ) -> tuple[bytes | None, int]:
        with self._lock:
            self._wanted_at_us = self._time.at(now_us())
            samples = self._waiting.popleft() if self._waiting else SILENCE
        if self._volume < 1:
            louder = np.frombuffer(samples, "<i2") * self._volume
            samples = louder.astype("<i2").tobytes()
        return samples, PA_CONTINUE


def _load() -> Any:
    try:
        return importlib.import_module("pyaudio")
    except ImportError as error:
        raise MissingError(
            "The sound driver is not installed. Install it with: sudo apt install python3-pyaudio"
        ) from error


def _close(stream: _Stream, audio: _PyAudio) -> None:
    try:
        stream.stop_stream()
        stream.close()
    except OSError as error:
        _log.warning("the sound card did not stop cleanly: %s", error)
    finally:
        audio.terminate()


def _translated(error: OSError, way: str) -> HardwareError:
    if PA_DEVICE_UNAVAILABLE in error.args:
        return BusyError(f"The sound card's {way} is in use. Close the program that uses it.")
    reason = error.args[-1] if error.args else error
    return MissingError(f"There is no sound card for {way}: {reason}. Plug one in, then restart.")
