"""Sound files, decoded to what microphones and speakers carry."""

from __future__ import annotations

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
