"""A porch for echo cancellers: a speaker whose sound comes back to the microphone, and voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

import hardware
from hardware.sound_file import read_sound
from media.frames import SOUND_RATE_HZ

Sound: TypeAlias = npt.NDArray[np.float64]

HARDWARE = Path(hardware.__file__).parent
FAR_SENTENCES = [f"sounds/{name}.en.ogg" for name in ("coming", "leave_it", "not_now")]
NEAR_SENTENCES = [f"twin/sounds/greeting.{language}.ogg" for language in ("en", "de")]
# Voices at the microphone: -27 dB of full scale, as a person at arm's length speaks.
VOICE_RMS = 1500.0
# -61 dB of full scale: an evening street.
NOISE_RMS = 30.0
REFLECTIONS = 8
# The speaker sits a hand's breadth from the microphone, every wall is further: at most -6 dB.
REFLECTION = 0.5
# Part of the echo's power that comes after the early reflections.
TAIL_POWER = 0.15
# The small speaker bends above this.
SPEAKER_LIMIT = 20_000.0


@dataclass(frozen=True, slots=True)
class Room:
    """How sound gets from the speaker back into the microphone.

    `delay_s`: of the cards and the way, beyond what the speaker knows; `drift_ppm` between the two
    cards' clocks; `near_over_echo_db`: how much louder the visitor is than the echo.
    """

    delay_s: float = 0.02
    drift_ppm: float = 0.0
    seed: int = 1
    decay_s: float = 0.25
    near_over_echo_db: float = 0.0

    def echo(self, played: Sound) -> Sound:
        """What the microphone hears of the speaker."""
        bent = np.tanh(played / SPEAKER_LIMIT) * SPEAKER_LIMIT
        heard = _drifted(_convolved(bent, self._answer()), self.drift_ppm)
        return levelled(heard, VOICE_RMS * 10 ** (-self.near_over_echo_db / 20))

    def noise(self, count: int) -> Sound:
        """The street, the same each time."""
        return np.random.default_rng(self.seed + 1000).standard_normal(count) * NOISE_RMS

    def _answer(self) -> Sound:
        rng = np.random.default_rng(self.seed)
        count = round(self.decay_s * SOUND_RATE_HZ)
        answer = np.zeros(count)
        answer[0] = 1.0
        early = rng.integers(SOUND_RATE_HZ // 1000, SOUND_RATE_HZ * 30 // 1000, REFLECTIONS)
        answer[early] += rng.uniform(-1, 1, REFLECTIONS) * REFLECTION
        # 60 dB down at the end.
        tail = rng.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
        answer += tail * np.sqrt(TAIL_POWER / np.sum(tail**2))
        return np.concatenate((np.zeros(round(self.delay_s * SOUND_RATE_HZ)), answer))


def far_voice(seconds: float) -> Sound:
    """What a phone says, nearly without a pause."""
    return _spoken(FAR_SENTENCES, seconds, pause_s=0.3)


def near_voice(seconds: float) -> Sound:
    """What a visitor says, nearly without a pause."""
    return _spoken(NEAR_SENTENCES, seconds, pause_s=0.5)


def levelled(sound: Sound, rms: float) -> Sound:
    """`sound` at this loudness."""
    levelled_sound: Sound = sound * (rms / np.sqrt(np.mean(sound**2)))
    return levelled_sound


def level_db(sound: Sound) -> float:
    """Power in dB, of any reference."""
    return float(10 * np.log10(np.mean(sound**2) + 1e-9))


def _spoken(sentences: Sequence[str], seconds: float, pause_s: float) -> Sound:
    pause = np.zeros(round(pause_s * SOUND_RATE_HZ))
    count = round(seconds * SOUND_RATE_HZ)
    once = [part for name in sentences for part in (read_sound(HARDWARE / name), pause)]
    return levelled(np.resize(np.concatenate(once), count).astype(np.float64), VOICE_RMS)


def _convolved(sound: Sound, answer: Sound) -> Sound:
    size = 1 << (len(sound) + len(answer) - 2).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(answer, size)
    return np.fft.irfft(spectrum, size)[: len(sound)]


def _drifted(sound: Sound, ppm: float) -> Sound:
    if not ppm:
        return sound
    places = np.arange(len(sound))
    drifted: Sound = np.interp(places * (1 + ppm * 1e-6), places, sound)
    return drifted
