"""For the operator and for software: health, metrics, ICE servers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from cloud.shared.auth import Gate
from cloud.shared.bodies import no_store
from cloud.shared.ice import IceBook
from cloud.shared.metrics import Metrics
from cloud.store.database import Database
from protocol.api import IceServers


class OperatorRoutes:
    """Small answers about the server itself."""

    def __init__(self, gate: Gate, database: Database, metrics: Metrics, ice: IceBook) -> None:
        self._gate = gate
        self._database = database
        self._metrics = metrics
        self._ice = ice

    def router(self) -> APIRouter:
        router = APIRouter(tags=["operator"])
        add = router.add_api_route
        add("/healthz", self.health, methods=["GET"], response_class=PlainTextResponse,
            summary="Whether the server and its database answer")  # fmt: skip
        add("/metrics", self.metrics, methods=["GET"], response_class=PlainTextResponse,
            summary="Figures for Prometheus")  # fmt: skip
        add("/api/v1/ice-servers", self.ice_servers, methods=["GET"],
            response_model=IceServers, summary="STUN and TURN servers")  # fmt: skip
        return router

    async def health(self) -> PlainTextResponse:
        """`ok`, after a question to the database."""
        async with self._database.read() as reading:
            await reading.exec_driver_sql("SELECT 1")
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    async def metrics(self) -> Response:
        """All counters."""
        return Response(self._metrics.text(), media_type=self._metrics.content_type)

    async def ice_servers(self, request: Request) -> Response:
        """For a phone (signed request) or a doorbell (its link token)."""
        return no_store(self._ice.servers(await self._gate.phone_or_doorbell(request)))
