"""The life that all cancellers share."""

from __future__ import annotations

from typing import Self

from hardware.errors import ClosedError
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame


class Life:
    """Open between `async with`; `require_open` is called before each use."""

    _open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing sounds any more. May be called twice."""
        self._open = False

    def require_open(self, frame: SoundFrame | None = None) -> None:
        """Raises ClosedError outside the life, ValueError for a piece that is not 20 ms long."""
        if not self._open:
            raise ClosedError("The echo canceller is closed.")
        if frame is not None and len(frame.samples) != 2 * SOUND_FRAME_SAMPLES:
            raise ValueError(f"A piece is 20 ms long, not {len(frame.samples)} bytes.")
