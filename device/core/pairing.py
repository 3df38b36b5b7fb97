"""The life of one pairing secret: once, for ten minutes, with five wrong tries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

# Time to fetch a phone from another room and install the app.
VALID_S = 600.0
WRONG_TRIES = 5

Reason = Literal["unknown", "expired", "used", "wrong", "exhausted"]


@dataclass(frozen=True, slots=True)
class Secret:
    """What the QR code carries, and what became of it. Times in monotonic seconds."""

    value: bytes
    made_at: float
    wrong: int = 0
    used: bool = False

    def refusal(self, now: float) -> Reason | None:
        """Why this secret opens nothing any more, or nothing."""
        if self.used:
            return "used"
        if self.wrong >= WRONG_TRIES:
            return "exhausted"
        if now >= self.made_at + VALID_S:
            return "expired"
        return None

    def after_wrong_try(self) -> Secret:
        return replace(self, wrong=self.wrong + 1)

    def after_use(self) -> Secret:
        return replace(self, used=True)
