"""Cards that do not run at 48 kHz: their sound is resampled in both directions.

Both are fed on PortAudio's thread: nothing here waits. Channels are PortAudio's affair: it hands
out the first of a stereo microphone, and sounds mono on both sides of a stereo speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av
import numpy as np

from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SOUND_RATE_HZ

# The doorbell's own first; 44.1 kHz is what music needs, 32 and 16 kHz what telephones have.
RATES_HZ = (SOUND_RATE_HZ, 44_100, 32_000, 16_000)
BYTES = 2


def card_frame(rate_hz: int) -> int:
    """Samples of 20 ms at a card's rate."""
    return rate_hz * SOUND_FRAME_MS // 1000


class _Resampler:
    """A stream of samples from one rate to another."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz, self._to_hz = from_hz, to_hz
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=to_hz)
        self._count = 0

    def through(self, samples: bytes) -> bytes:
        """What comes out for these samples; a few may come out with the next."""
        if self._from_hz == self._to_hz:
            return samples
        sound = np.frombuffer(samples, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._from_hz, self._count
        self._count += sound.shape[1]
        return b"".join(out.to_ndarray().tobytes() for out in self._resampler.resample(frame))


class FromCard:
    """Any number of samples at the card's rate becomes whole pieces of 20 ms at 48 kHz."""

    def __init__(self, rate_hz: int) -> None:
        self._resampler = _Resampler(rate_hz, SOUND_RATE_HZ)
        self._rest = bytearray()

    def pieces(self, samples: bytes) -> Iterator[bytes]:
        """The pieces that are complete now."""
        self._rest += self._resampler.through(samples)
        size = BYTES * SOUND_FRAME_SAMPLES
        while len(self._rest) >= size:
            yield bytes(self._rest[:size])
            del self._rest[:size]


class ToCard:
    """Pieces of 20 ms at 48 kHz become exactly as many samples as the card asks for."""

    def __init__(self, rate_hz: int, following: Callable[[], bytes]) -> None:
        """`following` hands out the next 20 ms; it is asked whenever too little is left."""
        self._resampler = _Resampler(SOUND_RATE_HZ, rate_hz)
        self._following = following
        self._rest = bytearray()

    def samples(self, count: int) -> bytes:
        """The next `count` samples. PyAudio ends a stream that is given fewer."""
        while len(self._rest) < BYTES * count:
            self._rest += self._resampler.through(self._following())
        out = bytes(self._rest[: BYTES * count])
        del self._rest[: BYTES * count]
        return out
