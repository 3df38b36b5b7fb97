"""What the self-test plays, and where it is found again. Mono, 48 kHz, 16 bit; no input or output.

A chirp is found by its likeness to itself at each delay (a matched filter): that works far below
what else can be heard, and to the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hardware.sound_file import Samples
from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SOUND_RATE_HZ

Sound = npt.NDArray[np.float64]

# What small speakers can still sound, and telephones carry.
CHIRP_FROM_HZ, CHIRP_TO_HZ = 300.0, 6000.0
CHIRP_S = 0.24
# -9 dB of full scale: loud, with room for a card that adds some.
CHIRP_PEAK = 11_600
FADE_S = 0.01
CHIRPS = 3
# The way from the speaker to the microphone must have ended before the next one.
CHIRP_EVERY_S = 0.7
# Noise alone reaches 0.1 somewhere in half a second; an echo 10 dB below noise 0.3.
LIKENESS_NEEDED = 0.2
QUIET_S = 0.5
# A canceller needs a second or two until it knows the room; the second half counts.
BABBLE_S = 4.0
BABBLE_RMS = 3000.0
# Loudness of speech rises and falls with its syllables.
SYLLABLES_HZ = 4.0


@dataclass(frozen=True, slots=True)
class Score:
    """What is played, and where in it (in samples) each thing is."""

    sound: Samples
    quiet: slice
    chirps: tuple[int, ...]
    babble: slice
    """Its second half."""
    loudness: float
    """Of the babble."""

    @property
    def pieces(self) -> npt.NDArray[np.int16]:
        """The sound, cut into 20 ms."""
        return self.sound.reshape(-1, SOUND_FRAME_SAMPLES)

    def sounding(self, places: Sequence[int]) -> Score:
        """The same, where its pieces begin at these places instead of one behind the other."""
        there = [places[chirp // SOUND_FRAME_SAMPLES] for chirp in self.chirps]
        late = places[self.babble.start // SOUND_FRAME_SAMPLES] - self.babble.start
        babble = slice(self.babble.start + late, self.babble.stop + late)
        return replace(self, chirps=tuple(there), babble=babble)


def score() -> Score:
    """Quiet, three chirps, four seconds of babble, quiet."""
    quiet, every, tail = _count(QUIET_S), _count(CHIRP_EVERY_S), _count(QUIET_S)
    chirps = tuple(quiet + number * every for number in range(CHIRPS))
    start = chirps[-1] + every
    end = start + _count(BABBLE_S)
    sound = np.zeros(end + tail, np.int16)
    for place in chirps:
        sound[place : place + len(chirp())] = chirp()
    sound[start:end] = babble()
    half = slice((start + end) // 2, end)
    return Score(sound, slice(0, quiet), chirps, half, rms(sound[half]))


def chirp() -> Samples:
    """A tone that rises by octaves of equal length, faded in and out."""
    count = _count(CHIRP_S)
    time_s = np.arange(count) / SOUND_RATE_HZ
    octaves = np.log(CHIRP_TO_HZ / CHIRP_FROM_HZ)
    phase = CHIRP_FROM_HZ * CHIRP_S / octaves * np.expm1(time_s / CHIRP_S * octaves)
    ramp = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / FADE_S)
    return np.asarray(np.sin(2 * np.pi * phase) * ramp * CHIRP_PEAK, np.int16)


def babble() -> Samples:
    """Noise with the pitch and the rhythm of speech, the same each time."""
    count = _count(BABBLE_S)
    noise = np.random.default_rng(5).standard_normal(count)
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(count, 1 / SOUND_RATE_HZ)
    # Speech has most of its power around 500 Hz and falls by 6 dB an octave above.
    spectrum *= (hertz / 500) / (1 + (hertz / 500) ** 2) * (hertz < 8000)
    sound: Sound = np.fft.irfft(spectrum, count)
    sound *= 1 - 0.9 * np.cos(2 * np.pi * SYLLABLES_HZ * np.arange(count) / SOUND_RATE_HZ)
    return np.clip(sound * BABBLE_RMS / rms(sound), -32768, 32767).astype(np.int16)


def find(heard: Samples, wanted: Samples) -> tuple[int, float]:
    """Where `wanted` is most likely in `heard`, and how alike both are there, 0 to 1."""
    there, known = heard.astype(np.float64), wanted.astype(np.float64)
    size = 1 << (len(there) + len(known)).bit_length()
    spectrum = np.fft.rfft(there, size) * np.conj(np.fft.rfft(known, size))
    likeness = np.abs(np.fft.irfft(spectrum, size)[: len(there) - len(known) + 1])
    place = int(np.argmax(likeness))
    energy = np.sum(there[place : place + len(known)] ** 2) * np.sum(known**2)
    return place, float(likeness[place] / np.sqrt(energy)) if energy else 0.0


def delays_ms(heard: Samples, played: Score) -> tuple[float, ...]:
    """The delay of each chirp that was heard, in the order in which they were played."""
    found = []
    for place in played.chirps:
        window = heard[place : place + _count(CHIRP_EVERY_S)]
        if len(window) >= len(chirp()):
            delay, likeness = find(window, chirp())
            if likeness >= LIKENESS_NEEDED:
                found.append(delay * 1000 / SOUND_RATE_HZ)
    return tuple(found)


def rms(sound: npt.NDArray[np.generic]) -> float:
    """Loudness, 0 to 32767."""
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) if len(sound) else 0.0


def _count(seconds: float) -> int:
    """Samples of whole pieces."""
    return round(seconds * 1000 / SOUND_FRAME_MS) * SOUND_FRAME_SAMPLES
