"""Clips and pictures of visits, for elements that cannot send headers too."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from cloud.shared.auth import Gate
from cloud.shared.problems import ProblemError
from cloud.store.clips import ClipStore, Stored, clip_key, preview_key, snapshot_key
from cloud.store.roster import Roster
from cloud.store.visits import Visits
from cloud.web.ranges import Span, UnsatisfiableError, is_fresh, span_of
from cloud.web.visits import VisitBook
from protocol.door import Visit

# Private: the address holds a token. Checked again by ETag, because a clip may be replaced.
_CACHE = "private, no-cache"


class MediaRoutes:
    """Streams out of the clip store."""

    def __init__(self, gate: Gate, roster: Roster, visits: Visits, clips: ClipStore) -> None:
        self._gate = gate
        self._book = VisitBook(visits, roster)
        self._clips = clips

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["visits"])
        for path, serve, words in (
            ("/visits/{visit}/clip.mp4", self.clip, "The clip (Range, ETag)"),
            ("/visits/{visit}/snapshot.jpg", self.snapshot, "The picture of the press"),
            ("/visits/{visit}/preview.jpg", self.preview, "Small pictures of the clip, in a row"),
        ):
            add = router.add_api_route
            add(path, serve, methods=["GET"], response_class=StreamingResponse, summary=words)
            add(path, serve, methods=["HEAD"], include_in_schema=False)
        return router

    async def clip(self, request: Request, visit: str, download: bool = False) -> Response:
        """The clip; with `download=1` as a file with a name that says when."""
        phone = await self._gate.phone_of_media(request)
        found = await self._book.find(visit, phone, "history")
        stored = await self._stored(clip_key(found.doorbell, found.id), "clip")
        name = _file_name(found) if download else None
        key = clip_key(found.doorbell, found.id)
        return self._serve(request, key, stored, "video/mp4", name)

    async def snapshot(self, request: Request, visit: str) -> Response:
        """The picture at the moment of the press."""
        phone = await self._gate.phone_of_media(request)
        found = await self._book.find(visit, phone, "view")
        key = snapshot_key(found.doorbell, found.id)
        return self._serve(request, key, await self._stored(key, "picture"), "image/jpeg", None)

    async def preview(self, request: Request, visit: str) -> Response:
        """The strip; `Clip.preview` says how it is divided."""
        phone = await self._gate.phone_of_media(request)
        found = await self._book.find(visit, phone, "history")
        key = preview_key(found.doorbell, found.id)
        return self._serve(request, key, await self._stored(key, "preview"), "image/jpeg", None)

    async def _stored(self, key: str, what: str) -> Stored:
        stored = await self._clips.head(key)
        if stored is None:
            detail = f"This visit has no {what} yet."
            raise ProblemError(404, f"No {what}", detail)
        return stored

    def _serve(
        self, request: Request, key: str, stored: Stored, media_type: str, name: str | None
    ) -> Response:
        headers = {
            "ETag": stored.etag,
            "Last-Modified": format_datetime(stored.modified, usegmt=True),
            "Accept-Ranges": "bytes",
            "Cache-Control": _CACHE,
        }
        if name:
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        if is_fresh(request.headers, stored.etag):
            return Response(status_code=304, headers=headers)
        span = _span(request, stored)
        if span:
            headers["Content-Range"] = span.content_range
        part = span or Span(0, stored.size_bytes, stored.size_bytes)
        headers["Content-Length"] = str(part.length)
        status = 206 if span else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=media_type)
        body = self._clips.read(key, part.start, part.end)
        return StreamingResponse(body, status, headers, media_type)


def _span(request: Request, stored: Stored) -> Span | None:
    try:
        return span_of(request.headers, stored.etag, stored.size_bytes)
    except UnsatisfiableError as error:
        whole = {"Content-Range": f"bytes */{stored.size_bytes}"}
        detail = f"The clip has {stored.size_bytes} bytes."
        raise ProblemError(416, "Range outside", detail, headers=whole) from error


def _file_name(visit: Visit) -> str:
    opened = datetime.fromtimestamp(visit.opened_ms / 1000, UTC)
    return f"doorstep-{opened:%Y-%m-%d-%H%M%S}Z.mp4"
