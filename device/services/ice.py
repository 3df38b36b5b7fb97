"""STUN and TURN servers for calls, as the household's server lends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import NoReturn

import aiohttp
from aiortc import RTCIceServer
from pydantic import ValidationError

from protocol.api import IceServers
from protocol.identity import Identity

log = logging.getLogger(__name__)

ICE_PATH = "/api/v1/ice-servers"
ANSWER_LIMIT_S = 10.0
# Half of the life of a TURN credential: what we hold is good for minutes by the server's clock,
# whatever ours says. An operator may also add a TURN server at any time.
REFRESH_EVERY_S = 300.0
# A server that was away is usually back by then; until it is, nobody can call either.
RETRY_EVERY_S = 30.0
# Credentials are asked anew this long before they run out, so that a call can still begin.
MARGIN_S = 60.0
SOONEST_S = 5.0


class BorrowedIce:
    """`servers()` at any time; `run` keeps them fresh. Without any, calls use host addresses."""

    def __init__(self, server: str, identity: Identity, wall: Callable[[], float]) -> None:
        self._url = server.rstrip("/") + ICE_PATH
        self._identity = identity
        self._wall = wall
        self._lent: IceServers | None = None
        self._hurry = asyncio.Event()

    def servers(self) -> Sequence[RTCIceServer]:
        """What a call that begins now may use."""
        lent = self._lent
        if lent is None or self._left_s(lent) <= 0:
            return ()
        return [
            RTCIceServer(urls=list(one.urls), username=one.username, credential=one.credential)
            for one in lent.ice_servers
        ]

    def hurry(self) -> None:
        """The server knows this doorbell now: if it lent nothing before, ask at once."""
        if self._lent is None:
            self._hurry.set()

    async def run(self) -> NoReturn:
        """Ask again and again until cancelled."""
        limit = aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)
        async with aiohttp.ClientSession(timeout=limit) as http:
            while True:
                pause_s = await self._refresh(http)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._hurry.wait()
                self._hurry.clear()

    async def _refresh(self, http: aiohttp.ClientSession) -> float:
        """Ask once; how long to wait until the next time."""
        try:
            lent = await self._ask(http)
        except (aiohttp.ClientError, TimeoutError, OSError, ValidationError) as error:
            log.debug("no ICE servers: %s", type(error).__name__)
            return RETRY_EVERY_S
        if lent.ice_servers and lent != self._lent:
            log.info("calls may use %d ICE servers", len(lent.ice_servers))
        self._lent = lent
        return max(SOONEST_S, min(REFRESH_EVERY_S, self._left_s(lent) - MARGIN_S))

    async def _ask(self, http: aiohttp.ClientSession) -> IceServers:
        token = self._identity.token("link", self._wall())
        async with http.get(self._url, headers={"Authorization": f"Bearer {token}"}) as answer:
            answer.raise_for_status()
            return IceServers.model_validate_json(await answer.read())

    def _left_s(self, lent: IceServers) -> float:
        if lent.expires_ms is None:
            return REFRESH_EVERY_S + MARGIN_S
        return lent.expires_ms / 1000 - self._wall()
