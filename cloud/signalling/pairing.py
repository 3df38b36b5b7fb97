"""`POST /api/v1/pairing`: carries a phone's pairing messages to its doorbell and back."""

from __future__ import annotations

import asyncio
import itertools
import logging

from fastapi import APIRouter, Request, Response

from cloud.shared.bodies import media_type_of, no_store, schema_of
from cloud.shared.problems import ProblemError
from cloud.signalling.links import Links, doorbell_away
from cloud.signalling.replies import LinkLostError, Replies
from cloud.store.roster import Roster
from protocol.door import Phone
from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.link import KnownPhone, PairReply, PairStep
from protocol.pairing import (
    PAIRING_REQUEST,
    PairChallenge,
    Paired,
    PairingRequest,
    PairRefused,
    parse_pairing_request,
)

log = logging.getLogger(__name__)

_REPLY_TIMEOUT_S = 10.0
# Nobody pairs this many phones in one moment; a stranger must not flood the doorbell.
_STEPS_AT_ONCE = 4
_STATUS = {"unknown": 410, "expired": 410, "used": 410, "wrong": 403, "exhausted": 429}


class PairingDesk:
    """The server's part in pairing: it carries, and registers whom the doorbell accepts."""

    def __init__(self, links: Links, roster: Roster) -> None:
        self._links = links
        self._roster = roster
        self._steps = itertools.count(1)
        self._replies: Replies[PairReply] = Replies()

    def router(self) -> APIRouter:
        router = APIRouter(tags=["pairing"])
        router.add_api_route(
            "/api/v1/pairing",
            self.step,
            methods=["POST"],
            response_model=PairChallenge | Paired,
            summary="One step of pairing, carried to the doorbell and back",
            openapi_extra=schema_of(PAIRING_REQUEST),
        )
        return router

    async def step(self, request: Request) -> Response:
        """One message of the phone; the doorbell's reply."""
        media_type_of(request, "application/json")
        message = parse_pairing_request(await request.body())
        reply = (await self._ask(message)).reply
        if isinstance(reply, PairRefused):
            raise ProblemError(_STATUS[reply.reason], "Pairing refused", reply.detail)
        if isinstance(reply, Paired):
            await self._register(message.device_id, reply)
        return no_store(reply)

    def replied(self, doorbell: str, reply: PairReply) -> None:
        """The doorbell's side of a step came."""
        self._replies.give(doorbell, str(reply.step), reply)

    def lost(self, doorbell: str) -> None:
        """The doorbell's link is gone."""
        self._replies.lose(doorbell)

    async def _ask(self, message: PairingRequest) -> PairReply:
        link = self._links.get(message.device_id)
        if link is None:
            raise doorbell_away()
        if self._replies.count(link.doorbell) >= _STEPS_AT_ONCE:
            detail = "Others are pairing just now. Try again in a moment."
            raise ProblemError(429, "Busy", detail, headers={"Retry-After": "5"})
        step = next(self._steps)
        with self._replies.expect(link.doorbell, str(step)) as future:
            link.send(PairStep(step=step, message=message))
            try:
                async with asyncio.timeout(_REPLY_TIMEOUT_S):
                    return await future
            except (TimeoutError, LinkLostError) as error:
                detail = "The doorbell did not answer in time. Try again."
                raise ProblemError(504, "No answer", detail) from error

    async def _register(self, doorbell: str, paired: Paired) -> None:
        try:
            matches = PublicKey.parse(paired.public_key).id == paired.phone_id
        except RemoteProtocolError:
            matches = False
        if not matches:
            detail = "The doorbell named another key than the phone's. Pair again."
            raise ProblemError(502, "Pairing failed", detail)
        if self._roster.phone(paired.phone_id, doorbell) is not None:
            # The doorbell has named its members since, or will: that counts for more.
            return
        timed = paired.until_ms is not None or bool(paired.windows)
        phone = Phone(
            id=paired.phone_id,
            name=paired.name,
            # Which hold at this moment, the doorbell says with its members.
            rights=() if timed else paired.rights,
            until_ms=paired.until_ms,
            windows=paired.windows,
        )
        await self._roster.add_phone(
            doorbell, KnownPhone(phone=phone, public_key=paired.public_key)
        )
        log.info("phone %s is paired with doorbell %s", phone.id, doorbell)
