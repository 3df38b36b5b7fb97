"""WHIP (RFC 9725): how encoders open, feed and end a recording over HTTP.

ICE cannot be restarted here: an encoder whose path is gone opens a new session of the same visit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cloud.recorder.ports import OWN_VISIT, Authorise, VisitKey
from cloud.recorder.recorder import Recorder
from cloud.recorder.session import Session
from cloud.shared.auth import bearer_of
from cloud.shared.bodies import body_of
from cloud.shared.cors import OpenRoute
from cloud.shared.problems import ProblemError
from cloud.shared.sdp import SDP_FRAGMENT, parse_fragment
from media.outgoing import STARTS_HEADER
from media.peer import DescriptionError, add_candidate
from protocol.base import SDP_LIMIT_BYTES, DeviceId, VisitId
from protocol.errors import RemoteProtocolError

SDP = "application/sdp"
FRAGMENT_LIMIT_BYTES = 16 * 1024
ENDPOINT = "/api/v1/doorbells/{doorbell}/recordings"
SESSION = "/api/v1/recordings/{session_id}"

_PREFLIGHT = {
    "Access-Control-Allow-Headers": f"Authorization, Content-Type, If-Match, {STARTS_HEADER}",
    "Access-Control-Max-Age": "86400",
}
# The year 2286; as protocol.base.UnixMs.
_UNIX_MS = re.compile(r"\d{1,13}")


class WhipRoutes:
    """The HTTP side of the recorder."""

    def __init__(
        self,
        recorder: Recorder,
        authorise: Authorise,
        absolute: Callable[[Request, str], str],
        ice_links: Callable[[str], Sequence[str]] = lambda doorbell: (),
    ) -> None:
        self._recorder = recorder
        self._authorise = authorise
        self._absolute = absolute
        self._ice_links = ice_links

    def router(self) -> APIRouter:
        router = APIRouter(tags=["recordings"], route_class=OpenRoute)
        add = router.add_api_route
        add(ENDPOINT, self.open, methods=["POST"], status_code=201, response_class=Response,
            summary="Open a recording: SDP offer in, answer out",
            openapi_extra=body_of(SDP))  # fmt: skip
        add(ENDPOINT, self.endpoint_options, methods=["OPTIONS"], response_class=Response,
            summary="What can be posted")  # fmt: skip
        add(ENDPOINT, self.nothing, methods=["GET", "HEAD"], include_in_schema=False)
        add(SESSION, self.trickle, methods=["PATCH"], status_code=204, response_class=Response,
            summary="Add ICE candidates", openapi_extra=body_of(SDP_FRAGMENT))  # fmt: skip
        add(SESSION, self.end, methods=["DELETE"], response_class=Response,
            summary="End a recording")  # fmt: skip
        add(SESSION, self.session_options, methods=["OPTIONS"], response_class=Response,
            summary="What can be done")  # fmt: skip
        add(SESSION, self.nothing, methods=["GET", "HEAD"], include_in_schema=False)
        return router

    async def open(
        self,
        request: Request,
        doorbell: DeviceId,
        visit: Annotated[VisitId | None, Query()] = None,
    ) -> Response:
        """An answer to the encoder's offer. Without `visit` the recording is a visit of its own."""
        bearer_of(request)
        token = await self._authorise(request, doorbell)
        if token is not None and visit is not None and not visit.startswith(OWN_VISIT):
            detail = "A record token makes visits of its own. Leave ?visit= away."
            raise ProblemError(403, "Not allowed", detail)
        _need_type(request, SDP, "Accept-Post")
        starts_ms = _starts_ms(request)
        offer = await _text(request, SDP_LIMIT_BYTES)
        key = VisitKey(doorbell, visit or OWN_VISIT + secrets.token_hex(8))
        session, answer = await self._recorder.open(key, offer, starts_ms, token)
        headers = {
            "Location": self._absolute(request, SESSION.format(session_id=session.id)),
            "ETag": session.etag,
            "Accept-Patch": SDP_FRAGMENT,
            "Cache-Control": "no-store",
        }
        response = Response(answer, 201, headers, SDP)
        for link in self._ice_links(doorbell):
            response.headers.append("Link", link)
        return response

    async def trickle(self, request: Request, session_id: str) -> Response:
        """Take more of the encoder's candidates."""
        session = await self._own(request, session_id)
        _need_type(request, SDP_FRAGMENT, "Accept-Patch")
        try:
            fragment = parse_fragment(await _text(request, FRAGMENT_LIMIT_BYTES))
        except RemoteProtocolError as error:
            raise ProblemError(400, "Malformed fragment", str(error)) from error
        if fragment.ufrag and fragment.ufrag != session.ufrag:
            detail = "ICE cannot be restarted. Open a new session of the same visit."
            raise ProblemError(422, "No ICE restart", detail)
        _check_etag(request, session)
        try:
            for candidate in fragment.candidates:
                await add_candidate(session.pc, candidate.text)
        except DescriptionError as error:
            raise ProblemError(400, "Malformed fragment", str(error)) from error
        return Response(status_code=204)

    async def end(self, request: Request, session_id: str) -> Response:
        """End the session; its clip follows. If-Match is of no matter here."""
        self._recorder.end(await self._own(request, session_id))
        return Response(status_code=200)

    async def endpoint_options(self, doorbell: str) -> Response:
        """For other pages' preflights, and for encoders that ask first."""
        return _options("OPTIONS, POST", {"Accept-Post": SDP})

    async def session_options(self, session_id: str) -> Response:
        """As `endpoint_options`, for a session."""
        return _options("DELETE, OPTIONS, PATCH", {"Accept-Patch": SDP_FRAGMENT})

    async def nothing(self) -> Response:
        """There is nothing to read here (RFC 9725 section 4.1)."""
        return Response(status_code=204)

    async def _own(self, request: Request, session_id: str) -> Session:
        bearer_of(request)
        session = self._recorder.session(session_id)
        if session is None:
            raise _unknown_session()
        if await self._authorise(request, session.key.doorbell) not in (None, session.token):
            raise _unknown_session()
        return session


def _unknown_session() -> ProblemError:
    detail = "The recording has ended. Open a new session of the same visit."
    return ProblemError(404, "Unknown session", detail)


def _options(methods: str, more: dict[str, str]) -> Response:
    headers = {"Allow": methods, "Access-Control-Allow-Methods": methods, **_PREFLIGHT, **more}
    return Response(status_code=200, headers=headers)


def _need_type(request: Request, wanted: str, header: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        detail = f"Send the body as {wanted}."
        raise ProblemError(415, "Wrong media type", detail, headers={header: wanted})


def _starts_ms(request: Request) -> int | None:
    given = request.headers.get(STARTS_HEADER)
    if given is None:
        return None
    if not _UNIX_MS.fullmatch(given):
        detail = f"The header {STARTS_HEADER} must be whole milliseconds since 1970."
        raise ProblemError(400, "Malformed header", detail)
    return int(given)


async def _text(request: Request, limit: int) -> str:
    """The body as text, read no further than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ProblemError(413, "Too large", f"The body may have {limit} bytes.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError(400, "Malformed body", "The body is not UTF-8 text.") from error


def _check_etag(request: Request, session: Session) -> None:
    """If-Match may be left out while ICE cannot be restarted (RFC 9725 section 4.3.1)."""
    given = request.headers.get("if-match", "*")
    # Some encoders leave the quotes away.
    known = {"*", session.etag, session.etag.strip('"')}
    if not known.intersection(tag.strip() for tag in given.split(",")):
        raise ProblemError(412, "Stale ETag", "The ETag is of another ICE session.")
