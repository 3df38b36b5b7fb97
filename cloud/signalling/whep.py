"""Calls over HTTP, as the WHEP draft has them; the doorbell itself answers, over its link.

`POST /doorbells/{id}/live` places a call, `PATCH /live/{call}` trickles candidates (RFC 8840),
`DELETE /live/{call}` hangs up.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from cloud.shared.access import Rights, need
from cloud.shared.auth import Gate
from cloud.shared.bodies import body_of, media_type_of, text_of
from cloud.shared.ice import IceBook
from cloud.shared.origin import Origin
from cloud.shared.problems import ProblemError
from cloud.shared.sdp import SDP_FRAGMENT, parse_fragment, ufrag_of_offer
from cloud.signalling.calls import Call, Calls
from cloud.signalling.links import Link, Links, doorbell_away
from cloud.signalling.reports import ReportBook
from cloud.store.roster import Roster
from cloud.store.visits import Visits
from protocol.link import CallCandidate

SDP = "application/sdp"
# Calls are signed by headers, never by cookies, so any page may try.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Post, Accept-Patch",
}


class WhepRoutes:
    """The HTTP side of calls."""

    def __init__(
        self, gate: Gate, roster: Roster, visits: Visits, links: Links, calls: Calls,
        ice: IceBook, origin: Origin, reports: ReportBook,
    ) -> None:  # fmt: skip
        self._gate = gate
        self._rights: Rights = roster
        self._roster = roster
        self._visits = visits
        self._links = links
        self._calls = calls
        self._ice = ice
        self._origin = origin
        self._reports = reports

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["calls"])
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
        add(live, self.live_options, methods=["OPTIONS"], summary="What can be posted")
        add(
            call,
            self.trickle,
            methods=["PATCH"],
            status_code=204,
            response_class=Response,
            summary="Add ICE candidates",
            openapi_extra=body_of(SDP_FRAGMENT),
        )
        add(call, self.hang_up, methods=["DELETE"], summary="Hang up")
        add(call, self.call_options, methods=["OPTIONS"], summary="What can be done")
        return router

    async def place(self, request: Request, doorbell: str, answers: str | None = None) -> Response:
        """The doorbell's answer to the phone's offer."""
        phone = need(self._rights, await self._gate.phone(request), doorbell, "view")
        media_type_of(request, SDP)
        sdp = await text_of(request)
        ufrag = ufrag_of_offer(sdp)
        link = self._link(doorbell)
        if answers is not None:
            await self._check_visit(doorbell, answers)
        call, answer = await self._calls.place(link, phone, sdp, ufrag, answers)
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
            raise ProblemError(422, "No ICE restart", detail, headers=_CORS)
        _check_etag(request, known)
        link = self._link(known.doorbell)
        for candidate in fragment.candidates:
            message = CallCandidate(call=known.id, candidate=candidate.text, mid=candidate.mid)
            link.send(message)
        return Response(status_code=204, headers=_CORS)

    async def hang_up(self, request: Request, call: str) -> Response:
        """End the call."""
        self._calls.hang_up(await self._own_call(request, call))
        return Response(status_code=200, headers=_CORS)

    async def live_options(self, doorbell: str) -> Response:
        """For other pages, and for players that ask first."""
        headers = {"Accept-Post": SDP, "Allow": "OPTIONS, POST", **_preflight("POST")}
        return Response(status_code=204, headers=headers)

    async def call_options(self, call: str) -> Response:
        """As `live_options`, for a call."""
        allowed = "DELETE, OPTIONS, PATCH"
        headers = {"Accept-Patch": SDP_FRAGMENT, "Allow": allowed, **_preflight(allowed)}
        return Response(status_code=204, headers=headers)

    def _link(self, doorbell: str) -> Link:
        if link := self._links.get(doorbell):
            return link
        known = self._roster.doorbell(doorbell)
        raise doorbell_away(_iso(known.since_ms) if known else "")

    async def _check_visit(self, doorbell: str, visit: str) -> None:
        if self._reports.knows(doorbell, visit):
            return
        found = await self._visits.get(visit)
        if found is None or found.doorbell != doorbell:
            detail = "The visit to answer is unknown. Call without it."
            raise ProblemError(404, "Unknown visit", detail)

    async def _own_call(self, request: Request, call: str) -> Call:
        phone = await self._gate.phone(request)
        known = self._calls.get(call)
        # Another phone's call is as unknown as one that is over.
        if known is None or known.phone != phone:
            raise ProblemError(404, "Unknown call", "The call is over.", headers=_CORS)
        return known

    def _created(self, request: Request, call: Call, answer: str) -> Response:
        headers = {
            "Location": self._origin.absolute(request, f"/api/v1/live/{call.id}"),
            "ETag": call.etag,
            "Accept-Post": SDP,
            "Accept-Patch": SDP_FRAGMENT,
            "Cache-Control": "no-store",
            **_CORS,
        }
        response = Response(answer, 201, headers, SDP)
        for link in self._ice.links(call.phone):
            response.headers.append("Link", link)
        return response


def _preflight(methods: str) -> dict[str, str]:
    return {
        **_CORS,
        "Access-Control-Allow-Methods": f"{methods}, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
        "Access-Control-Max-Age": "86400",
    }


def _check_etag(request: Request, call: Call) -> None:
    """If-Match is optional while ICE cannot be restarted (RFC 9725 section 4.3.1)."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return
    if call.etag not in [tag.strip() for tag in given.split(",")]:
        detail = "The ETag is of another ICE session."
        raise ProblemError(412, "Stale ETag", detail, headers=_CORS)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
