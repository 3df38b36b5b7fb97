"""The door's prepared sentences, spoken through its speaker."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import NoReturn

import av
import numpy as np
import numpy.typing as npt

import hardware.sounds
from device.core.states import Reply
from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SOUND_RATE_HZ
from media.mixer import Mixer

log = logging.getLogger(__name__)

SOUNDS = Path(hardware.sounds.__path__[0])
# Who taps faster than the door speaks does not need the rest.
WAITING_LIMIT = 2

Samples = npt.NDArray[np.int16]


class Replies:
    """`speak` at any time; `run` says it, one sentence after the other."""

    def __init__(self, mixer: Mixer, language: str) -> None:
        self._mixer = mixer
        self._language = language
        self._waiting: asyncio.Queue[Reply] = asyncio.Queue(WAITING_LIMIT)

    def speak(self, reply: Reply) -> None:
        """Say it soon; dropped when others wait already."""
        if self._waiting.full():
            log.info("the door is speaking already")
            return
        self._waiting.put_nowait(reply)

    async def run(self) -> NoReturn:
        """Speak until cancelled."""
        while True:
            reply = await self._waiting.get()
            path = SOUNDS / f"{reply}.{self._language}.ogg"
            await self._say(await asyncio.to_thread(read, path))

    async def _say(self, samples: Samples) -> None:
        voice = self._mixer.join()
        due = asyncio.get_running_loop().time()
        try:
            for start in range(0, len(samples), SOUND_FRAME_SAMPLES):
                voice.push(samples[start : start + SOUND_FRAME_SAMPLES])
                due += SOUND_FRAME_MS / 1000
                await asyncio.sleep(due - asyncio.get_running_loop().time())
        finally:
            self._mixer.leave(voice)


def read(path: Path) -> Samples:
    """A sound file of ours as 48 kHz mono, padded to whole frames."""
    resampler = av.AudioResampler("s16", "mono", SOUND_RATE_HZ)
    with av.open(str(path)) as container:
        decoded = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    decoded += resampler.resample(None)
    pieces = [frame.to_ndarray().reshape(-1).astype(np.int16) for frame in decoded]
    missing = -sum(len(piece) for piece in pieces) % SOUND_FRAME_SAMPLES
    return np.concatenate([*pieces, np.zeros(missing, np.int16)])
