"""How long to wait before the next try."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Doubling waits with full jitter, so that many who lost the same server do not return at once.

    Half of each wait is certain, so that a broken part is never hammered.
    """

    first_s: float
    limit_s: float
    jitter: random.Random = field(default_factory=random.Random)
    _tries: int = 0

    def next_s(self) -> float:
        """The wait before the next try, in seconds."""
        ceiling = min(self.limit_s, self.first_s * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return ceiling / 2 + self.jitter.uniform(0, ceiling / 2)

    def reset(self) -> None:
        """It works again."""
        self._tries = 0
