"""`PUT /visits/{id}/snapshot`: the doorbell's picture of the moment of the press."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from cloud.shared.access import unknown_visit
from cloud.shared.auth import Gate
from cloud.shared.bodies import body_of, media_type_of
from cloud.shared.clock import Clock, now_ms
from cloud.shared.problems import ProblemError
from cloud.store.clips import ClipStore, snapshot_key
from cloud.store.visits import Visits
from protocol.api import VisitEvent
from protocol.base import VisitId

# A JPEG of 1080p at high quality is under 1 MB.
SNAPSHOT_LIMIT_BYTES = 2 * 1024 * 1024
_JPEG_START = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"


class SnapshotRoutes:
    """Takes pictures in."""

    def __init__(
        self,
        gate: Gate,
        visits: Visits,
        clips: ClipStore,
        tell: Callable[[VisitEvent], None],
        clock: Clock,
    ) -> None:
        self._gate = gate
        self._visits = visits
        self._clips = clips
        self._tell = tell
        self._clock = clock

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["doorbell"])
        router.add_api_route(
            "/visits/{visit}/snapshot",
            self.put,
            methods=["PUT"],
            status_code=204,
            response_class=Response,
            summary="Store the picture of a visit",
            openapi_extra=body_of("image/jpeg"),
        )
        return router

    async def put(self, request: Request, visit: VisitId) -> Response:
        """Keep the picture, then tell the phones."""
        doorbell = self._gate.served_doorbell(request, "record")
        media_type_of(request, "image/jpeg")
        picture = await request.body()
        if not picture.startswith(_JPEG_START) or not picture.endswith(_JPEG_END):
            raise ProblemError(400, "Not a picture", "The body is not a whole JPEG picture.")
        known = await self._visits.get(visit)
        if known and known.doorbell != doorbell:
            raise unknown_visit()
        await self._clips.put(snapshot_key(doorbell, visit), picture)
        event = await self._visits.set_snapshot(doorbell, visit, now_ms(self._clock))
        if event is None:
            await self._clips.delete(snapshot_key(doorbell, visit))
            raise unknown_visit()
        self._tell(event)
        return Response(status_code=204)
