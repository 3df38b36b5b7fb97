"""`/push`: where a phone wants to be told, and a test that really pushes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from cloud.shared.auth import Gate
from cloud.shared.bodies import json_of, no_store, schema_of
from cloud.shared.problems import ProblemError
from cloud.store.push_targets import PushRegister
from cloud.web.doorbells import DoorbellView
from protocol.api import PushKey, PushSubscription, PushTarget

_SUBSCRIPTION: TypeAdapter[PushSubscription] = TypeAdapter(PushSubscription)
_GONE: TypeAdapter[PushTarget | PushSubscription] = TypeAdapter(
    Annotated[PushTarget | PushSubscription, Field(union_mode="left_to_right")]
)

# Phone id and a doorbell's name; whether any push service took it.
PushTest = Callable[[str, str], Awaitable[bool]]


class PushRoutes:
    """Subscriptions of phones."""

    def __init__(
        self,
        gate: Gate,
        view: DoorbellView,
        register: PushRegister,
        public_key: str,
        test: PushTest,
    ) -> None:
        self._gate = gate
        self._view = view
        self._register = register
        self._public_key = public_key
        self._test = test

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/push", tags=["push"])
        add = router.add_api_route
        add("/key", self.key, methods=["GET"], response_model=PushKey,
            summary="The server's VAPID key")  # fmt: skip
        add("/subscriptions", self.subscribe, methods=["POST"], status_code=204,
            response_class=Response, summary="Tell this phone",
            openapi_extra=schema_of(_SUBSCRIPTION))  # fmt: skip
        add("/subscriptions", self.unsubscribe, methods=["DELETE"], status_code=204,
            response_class=Response, summary="Tell this phone no more")  # fmt: skip
        add("/test", self.test, methods=["POST"], status_code=204,
            response_class=Response, summary="Push to this phone now")  # fmt: skip
        return router

    async def key(self) -> Response:
        """Public: a browser needs it to subscribe."""
        return no_store(PushKey(public_key=self._public_key))

    async def subscribe(self, request: Request) -> Response:
        """Register a target; the same again updates its language."""
        phone = await self._gate.phone(request)
        await self._register.add(phone, await json_of(request, _SUBSCRIPTION))
        return Response(status_code=204)

    async def unsubscribe(self, request: Request) -> Response:
        """Remove the target in the body or, without one, all of the phone's."""
        phone = await self._gate.phone(request)
        target = _target(await json_of(request, _GONE)) if await request.body() else None
        await self._register.forget(phone, target)
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """Push at once; 204 when a push service took it."""
        phone = await self._gate.phone(request)
        if not await self._register.for_phone(phone):
            detail = "This phone has not turned notifications on yet."
            raise ProblemError(409, "No subscription", detail)
        names = [known.name for known in self._view.doorbells_of(phone)]
        if not await self._test(phone, names[0]):
            detail = "The push service did not take the message. Turn notifications off and on."
            raise ProblemError(502, "Push failed", detail)
        return Response(status_code=204)


def _target(gone: PushTarget | PushSubscription) -> PushTarget:
    return gone.target if isinstance(gone, PushSubscription) else gone
