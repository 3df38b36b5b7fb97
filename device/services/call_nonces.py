"""The doorbell's nonces: each for one offer of one phone, fresh, used once."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable

from protocol.calls import NONCE_VALID_S
from protocol.pairing import encode

NONCE_BYTES = 16
# A phone keeps one warm and may call from two pages; more is somebody playing.
OPEN_PER_PHONE = 4
# Room for a large household on its phones at once.
OPEN_LIMIT = 64
# A replayed offer is refused by its nonce already; this is for a doorbell that forgot one.
SESSIONS_REMEMBERED = 256


class CallNonces:
    """The open nonces and the newest sessions; `monotonic` is the clock that nonces run out by."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._sessions: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def issue(self, phone: str) -> str:
        """A new nonce for this phone; its oldest, or the oldest of all, gives way."""
        nonce = encode(secrets.token_bytes(NONCE_BYTES))
        own = [key for key in self._open if key[0] == phone]
        if len(own) >= OPEN_PER_PHONE:
            del self._open[own[0]]
        while len(self._open) >= OPEN_LIMIT:
            self._open.popitem(last=False)
        self._open[phone, nonce] = self._monotonic() + NONCE_VALID_S
        return nonce

    def spend(self, phone: str, nonce: str) -> bool:
        """Whether the nonce was this phone's, unused and fresh; now it is used."""
        until = self._open.pop((phone, nonce), None)
        return until is not None and self._monotonic() < until

    def begin(self, phone: str, session: str) -> bool:
        """Whether the phone's session is a new one; now it is known."""
        if (phone, session) in self._sessions:
            return False
        self._sessions[phone, session] = None
        while len(self._sessions) > SESSIONS_REMEMBERED:
            self._sessions.popitem(last=False)
        return True
