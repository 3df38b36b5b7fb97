"""What the visitor says: sound files, decoded, waiting to be heard by the twin's microphone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt

from hardware.errors import MissingError
from media.frames import SOUND_RATE_HZ

Samples: TypeAlias = npt.NDArray[np.int16]

# Ten minutes: a file that is longer was hardly meant as a visitor's words.
SPEECH_LIMIT_S = 600


def read_sound(path: Path) -> Samples:
    """Decode any sound file to 48 kHz mono; MissingError when it is not there or holds no sound."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MissingError(
                    f"{path} holds no sound. Give a sound file, like a .wav or .ogg."
                )
            return _decode(container)
    except FileNotFoundError as error:
        raise MissingError(f"There is no file {path}. Check the path.") from error
    except (av.FFmpegError, OSError) as error:
        raise MissingError(f"{path} cannot be read as sound. Give a .wav or .ogg file.") from error


def _decode(container: av.container.InputContainer) -> Samples:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE_HZ)
    pieces: list[Samples] = []
    count = 0
    for frame in container.decode(audio=0):
        for out in resampler.resample(frame):
            piece = out.to_ndarray().reshape(-1).astype(np.int16)
            pieces.append(piece)
            count += len(piece)
        if count > SPEECH_LIMIT_S * SOUND_RATE_HZ:
            break
    pieces += [out.to_ndarray().reshape(-1).astype(np.int16) for out in resampler.resample(None)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


class Voice:
    """Utterances with their starting times; a later one is spoken over an earlier one."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._said: list[tuple[float, Samples]] = []

    def say(self, samples: Samples, delay_s: float = 0.0) -> float:
        """Start to speak `delay_s` from now; returns the length in seconds."""
        with self._lock:
            self._said.append((self._now() + delay_s, samples))
        return len(samples) / SOUND_RATE_HZ

    def at(self, start_s: float, count: int) -> npt.NDArray[np.int32] | None:
        """The `count` samples from `start_s` on; None for silence. Forgets what is past."""
        with self._lock:
            self._said = [(at, s) for at, s in self._said if at + len(s) / SOUND_RATE_HZ > start_s]
            spoken = list(self._said)
        mix: npt.NDArray[np.int32] | None = None
        for at, samples in spoken:
            offset = round((start_s - at) * SOUND_RATE_HZ)
            near, far = max(0, offset), min(len(samples), offset + count)
            if near < far:
                mix = np.zeros(count, np.int32) if mix is None else mix
                mix[near - offset : far - offset] += samples[near:far]
        return mix
