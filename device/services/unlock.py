"""Challenges for unlocking: fresh, short, single use, bound to one phone in one call."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from protocol.control import unlock_statement
from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.pairing import decode, encode

CHALLENGE_BYTES = 32
# Sliding to confirm takes a second or two; a stolen challenge is worthless soon.
CHALLENGE_VALID_S = 10.0


@dataclass(frozen=True, slots=True)
class _Issued:
    phone: str
    challenge: str
    until: float


class Challenges:
    """At most one open challenge per call. `monotonic` is the clock that they run out by."""

    def __init__(self, device_id: str, monotonic: Callable[[], float]) -> None:
        self._device_id = device_id
        self._monotonic = monotonic
        self._open: dict[str, _Issued] = {}

    def issue(self, call: str, phone: str) -> str:
        """A new challenge for this phone in this call; an earlier one is void."""
        challenge = encode(secrets.token_bytes(CHALLENGE_BYTES))
        until = self._monotonic() + CHALLENGE_VALID_S
        self._open[call] = _Issued(phone, challenge, until)
        return challenge

    def redeem(
        self, call: str, phone: str, key: PublicKey, challenge: str, signature: str
    ) -> str | None:
        """Why the door stays locked, or nothing. Whatever the outcome, the challenge is spent."""
        issued = self._open.pop(call, None)
        if issued is None or issued.phone != phone or not _same(issued.challenge, challenge):
            return "This unlocking was not asked for or was used already. Slide to unlock again."
        if self._monotonic() >= issued.until:
            return "That took too long. Slide to unlock again."
        if not _signed(key, signature, unlock_statement(self._device_id, call, challenge)):
            return "The phone's signature does not fit. Pair this phone again."
        return None

    def forget(self, call: str) -> None:
        """The call is over; its challenge with it."""
        self._open.pop(call, None)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def _signed(key: PublicKey, signature: str, statement: bytes) -> bool:
    try:
        return key.verifies(decode(signature), statement)
    except RemoteProtocolError:
        return False
