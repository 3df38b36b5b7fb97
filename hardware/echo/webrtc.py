"""Full duplex: WebRTC's echo canceller, noise suppressor and gain."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np

from hardware.echo.life import Life
from hardware.echo.reference import Grid, Reference
from hardware.errors import MissingError
from hardware.sound_file import Samples
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame

# The reference runs ahead of the echo by this, should a card be earlier than it says: an echo
# before its reference cannot be cancelled, a late one can.
AHEAD_SAMPLES = SOUND_RATE_HZ * 10 // 1000
# Nothing echoes any more when the speaker has been silent for so long; cancelling is 90 % of the
# work, and a door is silent nearly always.
IDLE_FRAMES = 50
# How much later the suppressor gives its sound (its band filters). Idle sound waits as long, so
# that nothing jumps when a phone begins to talk.
SUPPRESSOR_DELAY_SAMPLES = 430
# 12 dB: 6 dB takes the rush out of a street, 18 dB makes voices thin.
NOISE_LEVEL = 1
# A visitor three steps from the door is this much quieter than one at it; more would lift what is
# left of an echo as well.
GAIN_LIMIT_DB = 9.0


class _Suppressor(Protocol):
    def process(self, near: Samples, far: Samples) -> Samples: ...


class _Finisher(Protocol):
    def process(self, near: Samples) -> Samples: ...


class WebrtcCanceller(Life):
    """MissingError when `pywebrtc-audio` is not installed. `cleaned` may run on another thread."""

    def __init__(self) -> None:
        library = _load()
        self._suppressor: _Suppressor = library.EchoCanceller(sample_rate=SOUND_RATE_HZ)
        self._finisher: _Finisher = library.AudioProcessor(
            sample_rate=SOUND_RATE_HZ,
            noise_suppression=True,
            ns_level=NOISE_LEVEL,
            high_pass_filter=True,
            auto_gain_control=True,
            agc_max_gain_db=GAIN_LIMIT_DB,
        )
        self._reference = Reference()
        self._grid = Grid()
        self._waiting: Samples = np.zeros(SUPPRESSOR_DELAY_SAMPLES, np.int16)
        self._silent_frames = IDLE_FRAMES

    def played(self, frame: SoundFrame) -> None:
        """What the speaker will sound at `frame.at_us`."""
        self.require_open()
        self._reference.played(frame)

    def cleaned(self, frame: SoundFrame) -> SoundFrame:
        """The visitor's voice alone, evened out; about 16 ms later inside the same frames."""
        self.require_open(frame)
        near = np.frombuffer(frame.samples, "<i2")
        start = self._grid.place(frame.at_us) + AHEAD_SAMPLES
        far = self._reference.between(start, start + SOUND_FRAME_SAMPLES)
        sound = self._finisher.process(self._without_echo(near, far))
        return SoundFrame(sound.astype("<i2").tobytes(), frame.at_us)

    def _without_echo(self, near: Samples, far: Samples) -> Samples:
        self._silent_frames = 0 if far.any() else self._silent_frames + 1
        delayed = np.concatenate((self._waiting, near))
        self._waiting = delayed[SOUND_FRAME_SAMPLES:]
        if self._silent_frames > IDLE_FRAMES:
            return delayed[:SOUND_FRAME_SAMPLES]
        return self._suppressor.process(near, far)


def _load() -> Any:
    try:
        return importlib.import_module("pywebrtc_audio")
    except ImportError as error:
        raise MissingError(
            "Echo cancelling is not installed. Install it with: pip install pywebrtc-audio,"
            ' or set sound.echo to "duck".'
        ) from error
