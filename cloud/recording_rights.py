"""Who may record for a doorbell: it itself, and other software with one of its record tokens."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from cloud.shared.auth import Gate, unauthorized
from cloud.shared.clock import Clock, now_ms
from cloud.shared.problems import ProblemError
from cloud.shared.tokens import is_of, record_token_of
from cloud.store.roster import Roster
from protocol.link import RecordToken


@dataclass(frozen=True, slots=True)
class RecordingRights:
    """`authorise` is the recorder's port."""

    gate: Gate
    roster: Roster
    clock: Clock

    async def authorise(self, request: Request, doorbell: str) -> str | None:
        """The id of the request's record token; None when it is the doorbell. ProblemError."""
        secret = record_token_of(request)
        if secret is not None:
            return self._known(secret, doorbell).id
        if self.gate.served_doorbell(request, "record") != doorbell:
            detail = "The token is another doorbell's."
            raise ProblemError(403, "Not allowed", detail)
        return None

    def _known(self, secret: str, doorbell: str) -> RecordToken:
        # All are compared, so that the time tells nothing.
        tokens = self.roster.record_tokens(doorbell)
        found = [token for token in tokens if is_of(secret, token.hash)]
        if not found:
            detail = "This record token is not known here; an admin can make a new one."
            raise unauthorized(detail)
        until_ms = found[0].until_ms
        if until_ms is not None and until_ms <= now_ms(self.clock):
            raise unauthorized("This record token has expired. Ask an admin for a new one.")
        return found[0]
