"""Challenges for opening the door: fresh, short, single use, bound to one phone in one call."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from protocol.pairing import encode

CHALLENGE_BYTES = 16
# Sliding to confirm and a fingerprint take some seconds; a stolen challenge is worthless soon.
CHALLENGE_VALID_S = 10.0


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge, and until when on the monotonic clock it may be signed."""

    phone: str
    challenge: str
    until_s: float


class Challenges:
    """At most one open challenge for each call. They live in memory: a restart voids them."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open: dict[str, Issued] = {}

    def issue(self, call: str, phone: str) -> str:
        """A new challenge for this phone in this call; an earlier one is void."""
        challenge = encode(secrets.token_bytes(CHALLENGE_BYTES))
        self._open[call] = Issued(phone, challenge, self._monotonic() + CHALLENGE_VALID_S)
        return challenge

    def take(self, call: str) -> Issued | None:
        """The call's challenge, which is spent by this."""
        return self._open.pop(call, None)

    def is_stale(self, issued: Issued) -> bool:
        return self._monotonic() >= issued.until_s
