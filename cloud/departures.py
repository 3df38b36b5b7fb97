"""What ends for a phone or a token that the household has taken out, and how a phone is told."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from cloud.push.notifier import Notifier
from cloud.recorder.recorder import Recorder
from cloud.signalling.calls import Calls
from cloud.store.database import DatabaseError
from cloud.store.push_targets import PushRegister
from cloud.store.roster import Farewell, Roster, Turnover
from cloud.web.hub import EventHub

log = logging.getLogger(__name__)

# A push service that is away comes back within minutes; after that the phone notices by itself,
# because nothing that it asks for is answered.
_TRIES = 5
_PAUSE_S = 60.0


class Departures:
    """`changed` and `kept` when members change; `run` tells those whom a reset took out."""

    def __init__(
        self,
        roster: Roster,
        register: PushRegister,
        hub: EventHub,
        calls: Calls,
        recorder: Recorder,
        notifier: Notifier,
        pause_s: float = _PAUSE_S,
    ) -> None:
        self._roster = roster
        self._register = register
        self._hub = hub
        self._calls = calls
        self._recorder = recorder
        self._notifier = notifier
        self._pause_s = pause_s
        self._wake = asyncio.Event()
        self._tries: dict[Farewell, int] = {}

    def changed(self, doorbell: str, turnover: Turnover) -> None:
        """At once: end the calls, streams and recordings of who is not known any more.

        Whoever may do something else now loses its streams too: its app comes back within a
        second and looks at what it may do.
        """
        for phone in turnover.left:
            self._calls.dismiss(doorbell, phone)
            if self._roster.phone_key(phone) is None:
                self._hub.dismiss(phone)
        for phone in turnover.changed:
            self._hub.dismiss(phone)
        tokens = {token.id for token in self._roster.record_tokens(doorbell)}
        self._recorder.dismiss(doorbell, tokens)

    async def kept(self) -> None:
        """The new members are on the disk: strangers are told nothing more."""
        await self._register.forget_strangers()
        self._wake.set()

    async def run(self) -> NoReturn:
        """Tell them, those of an earlier life of the server too."""
        while True:
            self._wake.clear()
            await self._round()
            await self._rest()

    async def _round(self) -> None:
        try:
            for farewell in await self._roster.farewells():
                await self._tell(farewell)
            await self._register.forget_strangers()
        except DatabaseError as error:
            log.error("Phones that were taken out cannot be told yet: %s", error)

    async def _tell(self, farewell: Farewell) -> None:
        told = await self._is_told(farewell)
        tries = self._tries[farewell] = self._tries.get(farewell, 0) + 1
        if told or tries >= _TRIES:
            del self._tries[farewell]
            await self._roster.end_farewells([farewell])
            words = "told" if told else "could not be told"
            log.info("phone %s %s that it was taken out", farewell.phone, words)

    async def _is_told(self, farewell: Farewell) -> bool:
        known = self._roster.doorbell(farewell.doorbell)
        back = self._roster.phone(farewell.phone, farewell.doorbell)
        if known is None or back is not None:
            return True
        return await self._notifier.farewell(farewell.phone, known.id, known.name)

    async def _rest(self) -> None:
        if not self._tries:
            await self._wake.wait()
            return
        try:
            async with asyncio.timeout(self._pause_s):
                await self._wake.wait()
        except TimeoutError:
            return
