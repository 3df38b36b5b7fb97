"""Whether somebody speaks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

# About -40 dB of full scale: louder is somebody talking, quieter is a room.
TALKING_PEAK = 330
# Speech has pauses; a voice counts as talking for this many frames (0.6 s) after its last sound.
TALKING_FRAMES = 30


class Loudness:
    """`talking` as of the last frame; `changed()` when it changes."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._quiet_frames = TALKING_FRAMES

    @property
    def talking(self) -> bool:
        """Whether somebody speaks now."""
        return self._quiet_frames < TALKING_FRAMES

    def note(self, samples: Samples) -> None:
        """The next 20 ms."""
        quiet = 0 if peak(samples) > TALKING_PEAK else self._quiet_frames + 1
        self._set(min(quiet, TALKING_FRAMES))

    def silence(self) -> None:
        """Nothing is said any more."""
        self._set(TALKING_FRAMES)

    def _set(self, quiet_frames: int) -> None:
        before, self._quiet_frames = self.talking, quiet_frames
        if self.talking != before:
            self._changed()


def peak(samples: Samples) -> int:
    """The loudest sample."""
    return max(int(samples.max()), -int(samples.min())) if len(samples) else 0
