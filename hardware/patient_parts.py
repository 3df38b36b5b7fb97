"""The parts of a board, each as one that may come later (`hardware.patient`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from hardware.keeper.client import KeptLock
from hardware.patient import Patient
from hardware.ports import (
    Camera,
    Chime,
    CloseUp,
    Edge,
    Encoding,
    Indicator,
    Light,
    Lock,
    Microphone,
    Sensor,
    Signal,
    Speaker,
    Window,
)
from media.frames import EncodedFrame, SoundFrame, VideoFormat


class PatientSensor(Patient[Sensor]):
    """A button or a motion sensor."""

    @property
    def active(self) -> bool:
        return self.there().active

    def edges(self) -> AsyncIterator[Edge]:
        return self._watched(self.there().edges())


class PatientMicrophone(Patient[Microphone]):
    def frames(self) -> AsyncIterator[SoundFrame]:
        return self._watched(self.there().frames())


class PatientSpeaker(Patient[Speaker]):
    """Remembers its volume while it is away."""

    _percent: int | None = None

    async def play(self, frame: SoundFrame) -> None:
        async with self._in_use():
            await self.there().play(frame)

    def next_at_us(self) -> int:
        return self.there().next_at_us()

    def set_volume(self, percent: int) -> None:
        self._percent = percent
        if self.absence is None:
            self.there().set_volume(percent)

    def _came(self, driver: Speaker) -> None:
        if self._percent is not None:
            driver.set_volume(self._percent)


class PatientLock(Patient[Lock]):
    """While it is away nothing opens, and the strike without current is locked."""

    async def open(self) -> bool:
        """HardwareError also while the lock is there and the process that keeps it is not."""
        came = await super().open()
        driver = self.there()
        if isinstance(driver, KeptLock):
            driver.check()
        return came

    @property
    def unlocked(self) -> bool:
        return self.absence is None and self.there().unlocked

    def pulse(self, seconds: float) -> None:
        self.there().pulse(seconds)

    def secure(self) -> None:
        self.there().secure()


class PatientLight(Patient[Light]):
    @property
    def on(self) -> bool:
        return self.absence is None and self.there().on

    def switch(self, on: bool) -> None:
        self.there().switch(on)


class PatientChime(Patient[Chime]):
    def ring(self) -> None:
        self.there().ring()


class PatientIndicator(Patient[Indicator]):
    """Remembers what it should show while it is away."""

    _signal: Signal | None = None

    def show(self, signal: Signal) -> None:
        self._signal = signal
        self.there().show(signal)

    def _came(self, driver: Indicator) -> None:
        if self._signal is not None:
            driver.show(self._signal)


class _Source(Protocol):
    """Where an encoding is found while its camera is there."""

    @property
    def absent(self) -> bool: ...
    def camera(self) -> Camera: ...


class _Rate:
    """An encoding whose rate may be set before its camera is there."""

    def __init__(self, source: _Source, video: VideoFormat) -> None:
        self._source, self._video = source, video
        self._bps: int | None = None

    @property
    def format(self) -> VideoFormat:
        return self._video

    def _encoding(self) -> Encoding:
        raise NotImplementedError

    def request_keyframe(self) -> None:
        if not self._source.absent:
            self._encoding().request_keyframe()

    def set_bitrate(self, bps: int) -> None:
        self._bps = bps
        self.came()

    def came(self) -> None:
        """The camera is there: it hears of the rate."""
        if self._bps is not None and not self._source.absent:
            self._encoding().set_bitrate(self._bps)


class _Low(_Rate):
    def _encoding(self) -> Encoding:
        return self._source.camera().low

    def frames(self) -> AsyncIterator[EncodedFrame]:
        return self._encoding().frames()


class _CloseUp(_Rate):
    def _encoding(self) -> CloseUp:
        return self._source.camera().close_up

    def frames(self) -> AsyncIterator[EncodedFrame]:
        return self._encoding().frames()

    def aim(self, window: Window) -> None:
        self._encoding().aim(window)


class _High(_Rate):
    def _encoding(self) -> Encoding:
        return self._source.camera()


class PatientCamera(Patient[Camera]):
    """A camera whose formats are known before it is there: its own, of `low`, of `close_up`."""

    def __init__(
        self, make: Callable[[], Camera], formats: tuple[VideoFormat, VideoFormat, VideoFormat]
    ) -> None:
        super().__init__("camera", make)
        high, low, close = formats
        self._high, self._low, self._close_up = (
            _High(self, high), _Low(self, low), _CloseUp(self, close),
        )  # fmt: skip

    @property
    def absent(self) -> bool:
        return self.absence is not None

    def camera(self) -> Camera:
        """The camera itself. Raises what keeps it away."""
        return self.there()

    @property
    def format(self) -> VideoFormat:
        return self._high.format

    @property
    def low(self) -> Encoding:
        return self._low

    @property
    def close_up(self) -> CloseUp:
        return self._close_up

    def frames(self) -> AsyncIterator[EncodedFrame]:
        return self._watched(self.there().frames())

    def request_keyframe(self) -> None:
        self._high.request_keyframe()

    def set_bitrate(self, bps: int) -> None:
        self._high.set_bitrate(bps)

    def _came(self, driver: Camera) -> None:
        for rate in (self._high, self._low, self._close_up):
            rate.came()
