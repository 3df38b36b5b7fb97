"""No echo canceller: for sound cards that cancel by themselves, and doors without a speaker."""

from __future__ import annotations

from hardware.echo.life import Life
from media.frames import SoundFrame


class NullCanceller(Life):
    """Hands the microphone's sound on as it is."""

    def played(self, frame: SoundFrame) -> None:
        """Of no interest."""
        self.require_open()

    def cleaned(self, frame: SoundFrame) -> SoundFrame:
        """The same frame."""
        self.require_open(frame)
        return frame
