"""Calls over HTTP, as the WHEP draft has them; the doorbell itself answers, over its link.

`POST /doorbells/{id}/live` places a call, `PATCH /live/{call}` trickles candidates (RFC 8840),
`DELETE /live/{call}` hangs up. Phones sign their requests, and their offers for the doorbell's
eyes; other software brings a view token. SDP and signatures pass through as they are.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from cloud.shared.access import need, unknown_doorbell
from cloud.shared.auth import Gate
from cloud.shared.bodies import body_of, media_type_of, text_of
from cloud.shared.cors import OpenRoute
from cloud.shared.ice import IceBook
from cloud.shared.origin import Origin
from cloud.shared.problems import ProblemError
from cloud.shared.sdp import SDP_FRAGMENT, has_media, parse_fragment, ufrag_of_offer
from cloud.shared.tokens import id_in, view_token_of
from cloud.signalling.calls import Call, Caller, Calls, Offer
from cloud.signalling.links import Links, link_of
from cloud.signalling.reports import ReportBook
from cloud.store.roster import Roster
from cloud.store.visits import Visits
from protocol.calls import SIGNATURE_HEADER
from protocol.jws import JWS_LIMIT_BYTES, hash_of
from protocol.link import CallAnswer, CallCandidate

SDP = "application/sdp"
# What a JWS can look like (RFC 7515 section 7.1); anything else does not belong in a header.
_JWS = re.compile(rf"[A-Za-z0-9_.-]{{1,{JWS_LIMIT_BYTES}}}")


class WhepRoutes:
    """The HTTP side of calls."""

    def __init__(
        self, gate: Gate, roster: Roster, visits: Visits, links: Links, calls: Calls,
        ice: IceBook, origin: Origin, reports: ReportBook,
    ) -> None:  # fmt: skip
        self._gate = gate
        self._roster = roster
        self._visits = visits
        self._links = links
        self._calls = calls
        self._ice = ice
        self._origin = origin
        self._reports = reports

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["calls"], route_class=OpenRoute)
        live, call = "/doorbells/{doorbell}/live", "/live/{call}"
        add = router.add_api_route
        add(
            live,
            self.place,
            methods=["POST"],
            status_code=201,
            response_class=Response,
            summary="Call the doorbell: SDP offer in, answer out",
            openapi_extra=body_of(SDP),
        )
        add(
            live,
            self.live_options,
            methods=["OPTIONS"],
            status_code=204,
            response_class=Response,
            summary="What can be posted",
        )
        add(
            call,
            self.trickle,
            methods=["PATCH"],
            status_code=204,
            response_class=Response,
            summary="Add ICE candidates",
            openapi_extra=body_of(SDP_FRAGMENT),
        )
        add(call, self.hang_up, methods=["DELETE"], response_class=Response, summary="Hang up")
        add(
            call,
            self.call_options,
            methods=["OPTIONS"],
            status_code=204,
            response_class=Response,
            summary="What can be done",
        )
        return router

    async def place(self, request: Request, doorbell: str, answers: str | None = None) -> Response:
        """The doorbell's answer to the caller's offer."""
        signature = request.headers.get(SIGNATURE_HEADER)
        token = view_token_of(request) if signature is None else None
        if token is None:
            caller, offer = await self._of_phone(request, doorbell, signature)
        else:
            caller, offer = await self._of_software(request, doorbell, token)
        link = link_of(self._links, self._roster, doorbell)
        if answers is not None:
            await self._check_visit(doorbell, answers, token)
            offer = replace(offer, answers=answers)
        call, answer = await self._calls.place(link, caller, offer)
        if await request.is_disconnected():
            self._calls.hang_up(call)
        return self._created(request, call, answer)

    async def trickle(self, request: Request, call: str) -> Response:
        """Pass candidates on to the doorbell."""
        known = await self._own_call(request, call)
        media_type_of(request, SDP_FRAGMENT)
        fragment = parse_fragment(await text_of(request))
        if fragment.ufrag and fragment.ufrag != known.ufrag:
            detail = "ICE cannot be restarted. Hang up and call again."
            raise ProblemError(422, "No ICE restart", detail)
        _check_etag(request, known)
        link = link_of(self._links, self._roster, known.doorbell)
        for candidate in fragment.candidates:
            message = CallCandidate(call=known.id, candidate=candidate.text, mid=candidate.mid)
            link.send(message)
        return Response(status_code=204)

    async def hang_up(self, request: Request, call: str) -> Response:
        """End the call."""
        self._calls.hang_up(await self._own_call(request, call))
        return Response(status_code=200)

    async def live_options(self, doorbell: str) -> Response:
        """For other pages, and for players that ask first."""
        headers = {"Accept-Post": SDP, "Allow": "OPTIONS, POST", **_preflight("POST")}
        return Response(status_code=204, headers=headers)

    async def call_options(self, call: str) -> Response:
        """As `live_options`, for a call."""
        allowed = "DELETE, OPTIONS, PATCH"
        headers = {"Accept-Patch": SDP_FRAGMENT, "Allow": allowed, **_preflight(allowed)}
        return Response(status_code=204, headers=headers)

    async def _of_phone(
        self, request: Request, doorbell: str, signature: str | None
    ) -> tuple[Caller, Offer]:
        """A paired phone's signed offer. Without picture and sound it needs no right to see."""
        phone = await self._gate.phone(request)
        if self._roster.phone(phone, doorbell) is None:
            raise unknown_doorbell()
        offer = await _offer_of(request)
        if signature is None or not _JWS.fullmatch(signature):
            detail = f"The offer is not signed ({SIGNATURE_HEADER}). Reload the app to update it."
            raise ProblemError(400, "Not signed", detail)
        if has_media(offer.sdp):
            need(self._roster, phone, doorbell, "view")
        return Caller(phone), replace(offer, signature=signature)

    async def _of_software(
        self, request: Request, doorbell: str, token: str
    ) -> tuple[Caller, Offer]:
        """An offer with a view token; whether that is good, only the doorbell knows."""
        if not self._roster.serves(doorbell):
            detail = "There is no such doorbell here. Check the address."
            raise ProblemError(404, "Unknown doorbell", detail)
        offer = replace(await _offer_of(request), view_token=token)
        return Caller(f"token-{id_in(token)}", hash_of(token)), offer

    async def _check_visit(self, doorbell: str, visit: str, token: str | None) -> None:
        if token is not None:
            detail = "A view token answers no visit. Call without it."
            raise ProblemError(403, "Not allowed", detail)
        if self._reports.knows(doorbell, visit):
            return
        found = await self._visits.get(visit)
        if found is None or found.doorbell != doorbell:
            detail = "The visit to answer is unknown. Call without it."
            raise ProblemError(404, "Unknown visit", detail)

    async def _own_call(self, request: Request, call: str) -> Call:
        token = view_token_of(request)
        caller = Caller(await self._gate.phone(request)) if token is None else None
        known = self._calls.get(call)
        # Another caller's call is as unknown as one that is over.
        if known is None or not (_holds(token, known) if token else known.caller == caller):
            raise ProblemError(404, "Unknown call", "The call is over.")
        return known

    def _created(self, request: Request, call: Call, answer: CallAnswer) -> Response:
        address = self._origin.absolute(request, f"/api/v1/live/{call.id}")
        if call.caller.token_hash and "token" in request.query_params:
            # Players take the address as it is, and send no header that they were not told of.
            address = f"{address}?token={quote(request.query_params['token'])}"
        headers = {
            "Location": address,
            "ETag": call.etag,
            "Accept-Post": SDP,
            "Accept-Patch": SDP_FRAGMENT,
            "Cache-Control": "no-store",
        }
        if answer.signature is not None:
            headers[SIGNATURE_HEADER] = self._as_header(call, answer.signature)
        response = Response(answer.sdp, 201, headers, SDP)
        for link in self._ice.links(call.caller.id):
            response.headers.append("Link", link)
        return response

    def _as_header(self, call: Call, signature: str) -> str:
        if _JWS.fullmatch(signature):
            return signature
        self._calls.hang_up(call)
        detail = "The doorbell's answer is not signed as it has to be. Update the doorbell."
        raise ProblemError(502, "Malformed answer", detail)


async def _offer_of(request: Request) -> Offer:
    media_type_of(request, SDP)
    sdp = await text_of(request)
    return Offer(sdp, ufrag_of_offer(sdp))


def _holds(token: str, call: Call) -> bool:
    # Compared in constant time; a phone's call has no token that could match.
    return hmac.compare_digest(call.caller.token_hash, hash_of(token))


def _preflight(methods: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Methods": f"{methods}, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, "
        f"{SIGNATURE_HEADER}",
        "Access-Control-Max-Age": "86400",
    }


def _check_etag(request: Request, call: Call) -> None:
    """If-Match is optional while ICE cannot be restarted (RFC 9725 section 4.3.1)."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return
    if call.etag not in [tag.strip() for tag in given.split(",")]:
        detail = "The ETag is of another ICE session."
        raise ProblemError(412, "Stale ETag", detail)
