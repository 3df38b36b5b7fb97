"""A measure of how often something may happen: a few at once, then at a steady rate."""

from __future__ import annotations


class Bucket:
    """Holds `size` at most and gets `per_s` a second; times are monotonic seconds."""

    def __init__(self, size: float, per_s: float) -> None:
        self._size = size
        self._per_s = per_s
        self._held = size
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Whether it may happen now; if so, it counts."""
        passed_s = 0.0 if self._at is None else max(0.0, now - self._at)
        self._held = min(self._size, self._held + passed_s * self._per_s)
        self._at = now
        if self._held < 1:
            return False
        self._held -= 1
        return True
