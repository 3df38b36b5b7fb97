"""Each signed request that changes something counts once."""

from __future__ import annotations

from collections import OrderedDict

from cloud.shared.clock import Clock
from cloud.shared.problems import ProblemError
from protocol.identity import CLOCK_TOLERANCE_S

# Per phone, so that none can push out another's. A phone sends a request per tap and a few
# candidates per call; this many in three minutes is no person.
_TOKENS_PER_PHONE = 2048


class ReplayGuard:
    """Remembers the tokens (`jti`) of each phone until they have expired."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[str, OrderedDict[str, float]] = {}

    def use(self, phone: str, token: str, expires_s: float) -> None:
        """Count the token as used; raises ProblemError 401 when it already was."""
        used = self._used.setdefault(phone, OrderedDict())
        self._forget_expired(used)
        if token in used:
            raise ProblemError(401, "Used before", "This signed request was already carried out.")
        if len(used) >= _TOKENS_PER_PHONE:
            raise ProblemError(
                429, "Too many requests", "This phone asks too often. Wait a minute.",
                headers={"Retry-After": "60"},
            )  # fmt: skip
        used[token] = expires_s + CLOCK_TOLERANCE_S

    def _forget_expired(self, used: OrderedDict[str, float]) -> None:
        # Oldest first: lives differ by a minute at most, so little is kept too long.
        while used and next(iter(used.values())) < self._clock():
            used.popitem(last=False)
