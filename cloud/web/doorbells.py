"""`GET /doorbells`: the phone's doorbells, with what is going on at each."""

from __future__ import annotations

from typing import Protocol

from fastapi import APIRouter, Request, Response

from cloud.shared.auth import Gate
from cloud.shared.bodies import no_store
from cloud.store.roster import KnownDoorbell, Roster
from cloud.store.visits import Visits
from protocol.api import Doorbell, DoorbellEvent, DoorbellList
from protocol.door import DoorState, Phone, Right


class Presence(Protocol):
    """A connected doorbell."""

    @property
    def state(self) -> DoorState: ...

    @property
    def since_ms(self) -> int: ...


class Presences(Protocol):
    """Who is connected."""

    def get(self, doorbell: str) -> Presence | None: ...


class DoorbellView:
    """Doorbells as phones may see them."""

    def __init__(self, roster: Roster, presences: Presences) -> None:
        self._roster = roster
        self._presences = presences

    def doorbells_of(self, phone: str, right: Right | None = None) -> list[KnownDoorbell]:
        """Those that the phone is paired with and, if named, has the right for."""
        mine = self._roster.doorbells_of(phone)
        return [d for d in mine if right is None or right in self.me(phone, d.id).rights]

    def me(self, phone: str, doorbell: str) -> Phone:
        """The phone as that doorbell knows it."""
        return self._roster.phone(phone, doorbell) or Phone(id=phone, name="?", rights=())

    def event(self, doorbell: KnownDoorbell) -> DoorbellEvent:
        """How the doorbell stands now."""
        here = self._presences.get(doorbell.id)
        return DoorbellEvent(
            id=doorbell.id,
            name=doorbell.name,
            online=here is not None,
            since_ms=here.since_ms if here else doorbell.since_ms,
            state=here.state if here else None,
        )


class DoorbellRoutes:
    """Lists doorbells."""

    def __init__(self, gate: Gate, view: DoorbellView, visits: Visits) -> None:
        self._gate = gate
        self._view = view
        self._visits = visits

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["doorbells"])
        router.add_api_route(
            "/doorbells",
            self.all,
            methods=["GET"],
            response_model=DoorbellList,
            summary="This phone's doorbells",
        )
        return router

    async def all(self, request: Request) -> Response:
        """All doorbells that the phone is paired with."""
        phone = await self._gate.phone(request)
        items = [await self._item(phone, known) for known in self._view.doorbells_of(phone)]
        return no_store(DoorbellList(items=tuple(items)))

    async def _item(self, phone: str, known: KnownDoorbell) -> Doorbell:
        me = self._view.me(phone, known.id)
        facts = self._view.event(known)
        sees = "view" in me.rights
        return Doorbell(
            id=facts.id,
            name=facts.name,
            online=facts.online,
            since_ms=facts.since_ms,
            state=facts.state if sees else None,
            latest=await self._visits.latest(known.id) if sees else None,
            me=me,
        )
