"""Finished files that are held for a while, so that a phone can come back for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# A phone whose network changed is back within ten seconds; one in a lift takes longer.
RESUME_S = 60.0
# Half a minute at 2 Mbit/s is 8 MB.
LIMIT_BYTES = 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A finished MP4. `version` follows from its content, `sha256` is in hexadecimal."""

    version: str
    data: bytes
    starts_ms: int
    duration_ms: int
    sha256: str


class MadeFiles:
    """Holds files for RESUME_S after their last use, together at most `limit_bytes`.

    The newest stays however large it is. `now_s` is a monotonic clock.
    """

    def __init__(self, now_s: Callable[[], float], limit_bytes: int = LIMIT_BYTES) -> None:
        self._now_s = now_s
        self._limit_bytes = limit_bytes
        self._files: dict[str, tuple[MadeFile, float]] = {}

    @property
    def size_bytes(self) -> int:
        """What is held."""
        return sum(len(file.data) for file, _ in self._files.values())

    def hold(self, file: MadeFile) -> None:
        """Hold it from now on, or longer when it is held already."""
        self._files.pop(file.version, None)
        self._files[file.version] = (file, self._now_s())
        while len(self._files) > 1 and self.size_bytes > self._limit_bytes:
            del self._files[next(iter(self._files))]

    def find(self, version: str) -> MadeFile | None:
        """The file of that version, held longer by being found."""
        found = self._files.get(version)
        if found is None:
            return None
        self.hold(found[0])
        return found[0]

    def forget_old(self) -> None:
        """Let go of what nobody has used for RESUME_S."""
        oldest_s = self._now_s() - RESUME_S
        self._files = {
            version: (file, used_s)
            for version, (file, used_s) in self._files.items()
            if used_s > oldest_s
        }

    def clear(self) -> None:
        """Let go of everything."""
        self._files.clear()
