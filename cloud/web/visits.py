"""`/visits`: the list, one visit, and its deletion."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cloud.shared.access import need, unknown_visit
from cloud.shared.auth import Gate
from cloud.shared.bodies import no_store
from cloud.shared.problems import ProblemError
from cloud.store.clips import ClipStore, clip_key, preview_key, snapshot_key
from cloud.store.roster import Roster
from cloud.store.visits import PAGE_LIMIT, Cursor, Visits
from cloud.web.doorbells import DoorbellView
from protocol.api import VisitPage
from protocol.door import Right, Visit
from protocol.errors import RemoteProtocolError
from protocol.pairing import decode, encode

PageLimit = Annotated[int, Query(ge=1, le=PAGE_LIMIT)]


class VisitBook:
    """Finds visits for phones that may see them."""

    def __init__(self, visits: Visits, roster: Roster) -> None:
        self._visits = visits
        self._roster = roster

    async def find(self, visit: str, phone: str, right: Right) -> Visit:
        """The visit; ProblemError 404 when it is unknown to this phone, 403 without the right."""
        found = await self._visits.get(visit)
        if found is None or self._roster.phone(phone, found.doorbell) is None:
            raise unknown_visit()
        need(self._roster, phone, found.doorbell, right)
        return found


class VisitRoutes:
    """Lists, shows and deletes visits."""

    def __init__(
        self,
        gate: Gate,
        view: DoorbellView,
        roster: Roster,
        visits: Visits,
        clips: ClipStore,
    ) -> None:
        self._gate = gate
        self._view = view
        self._roster = roster
        self._visits = visits
        self._book = VisitBook(visits, roster)
        self._clips = clips

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["visits"])
        add = router.add_api_route
        add("/visits", self.page, methods=["GET"], response_model=VisitPage,
            summary="Visits, newest first")  # fmt: skip
        add("/visits/{visit}", self.one, methods=["GET"], response_model=Visit,
            summary="One visit")  # fmt: skip
        add("/visits/{visit}", self.delete, methods=["DELETE"], status_code=204,
            response_class=Response, summary="Delete a visit with its clip")  # fmt: skip
        return router

    async def page(
        self,
        request: Request,
        doorbell: str | None = None,
        cursor: str | None = None,
        limit: PageLimit = PAGE_LIMIT,
    ) -> Response:
        """A page of visits; `cursor` is the `next` of the page before."""
        phone = await self._gate.phone(request)
        chosen = self._chosen(phone, doorbell)
        after = _read_cursor(cursor) if cursor else None
        found = await self._visits.page(chosen, after, limit + 1)
        more = _write_cursor(found[limit - 1]) if len(found) > limit else None
        return no_store(VisitPage(items=tuple(found[:limit]), next=more))

    async def one(self, request: Request, visit: str) -> Response:
        """One visit with all that happened."""
        phone = await self._gate.phone(request)
        return no_store(await self._book.find(visit, phone, "view"))

    async def delete(self, request: Request, visit: str) -> Response:
        """Forget a visit that is over, with its clip and picture."""
        found = await self._book.find(visit, await self._gate.phone(request), "history")
        await self._visits.delete(found.id)
        for key_of in (clip_key, preview_key, snapshot_key):
            await self._clips.delete(key_of(found.doorbell, found.id))
        return Response(status_code=204)

    def _chosen(self, phone: str, doorbell: str | None) -> list[str]:
        if doorbell is not None:
            need(self._roster, phone, doorbell, "history")
            return [doorbell]
        return [known.id for known in self._view.doorbells_of(phone, "history")]


def _write_cursor(visit: Visit) -> str:
    return encode(f"{visit.opened_ms}.{visit.id}".encode())


def _read_cursor(text: str) -> Cursor:
    try:
        opened, _, visit = decode(text).decode("ascii").partition(".")
        return Cursor(int(opened), visit)
    except (RemoteProtocolError, ValueError) as error:
        detail = "The cursor is not one of ours. Start from the first page."
        raise ProblemError(400, "Malformed cursor", detail) from error
