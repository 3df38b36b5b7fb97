"""`POST /doorbells/{id}/challenge`: the doorbell's nonce, which a phone's offer must sign."""

from __future__ import annotations

import asyncio
import itertools

from fastapi import APIRouter, Request, Response

from cloud.shared.access import unknown_doorbell
from cloud.shared.auth import Gate
from cloud.shared.bodies import no_store
from cloud.shared.problems import ProblemError
from cloud.signalling.links import Link, Links, link_of
from cloud.signalling.replies import (
    ANSWER_TIMEOUT_S,
    LinkLostError,
    Replies,
    no_answer,
    went_away,
)
from cloud.store.roster import Roster
from protocol.calls import CallChallenge
from protocol.link import ChallengeGiven, ChallengeWanted

# A household's phones all look at once when it rings; a doorbell owes no more than this.
_ASKS_AT_ONCE = 32


class ChallengeDesk:
    """Carries a phone's wish for a nonce to its doorbell, and the nonce back."""

    def __init__(
        self, gate: Gate, roster: Roster, links: Links, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        self._gate = gate
        self._roster = roster
        self._links = links
        self._timeout_s = timeout_s
        self._asks = itertools.count(1)
        self._replies: Replies[CallChallenge] = Replies()

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["calls"])
        router.add_api_route(
            "/doorbells/{doorbell}/challenge",
            self.challenge,
            methods=["POST"],
            response_model=CallChallenge,
            summary="A nonce of the doorbell for one signed offer",
        )
        return router

    async def challenge(self, request: Request, doorbell: str) -> Response:
        """For every paired phone; what it may do in the call, the doorbell decides then."""
        phone = await self._gate.phone(request)
        if self._roster.phone(phone, doorbell) is None:
            raise unknown_doorbell()
        return no_store(await self._ask(link_of(self._links, self._roster, doorbell), phone))

    def replied(self, doorbell: str, given: ChallengeGiven) -> None:
        """The doorbell's nonce came."""
        self._replies.give(doorbell, str(given.ask), given.challenge)

    def lost(self, doorbell: str) -> None:
        """The doorbell's link is gone."""
        self._replies.lose(doorbell)

    async def _ask(self, link: Link, phone: str) -> CallChallenge:
        if self._replies.count(link.doorbell) >= _ASKS_AT_ONCE:
            detail = "Too many phones call just now. Try again in a moment."
            raise ProblemError(503, "Busy", detail, headers={"Retry-After": "5"})
        ask = next(self._asks)
        with self._replies.expect(link.doorbell, str(ask)) as future:
            link.send(ChallengeWanted(ask=ask, phone=phone))
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await future
            except TimeoutError as error:
                raise no_answer() from error
            except LinkLostError as error:
                raise went_away() from error
