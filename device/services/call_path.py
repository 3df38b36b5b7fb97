"""The connection of one call: answered, connected to the one certificate that signed, watched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from device.services.call_gate import Admitted
from media.peer import (
    DescriptionError,
    ImpostorError,
    Peer,
    PeerGoneError,
    accept_offer,
    add_candidate,
    close_peer,
    connected,
    gone,
    split_slow_candidates,
)
from protocol.link import CallAnswer

log = logging.getLogger(__name__)

# A browser has a dozen addresses; more are an attempt to keep us busy.
CANDIDATE_LIMIT = 64

Serve: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class CallPath:
    """`answer()`, `run()` until the path is gone, `close()`, which closes `pc` as well.

    The call waits `connect_s` at most for its connection; `began()` is called when it is there.
    """

    def __init__(self, admitted: Admitted, pc: Peer, connect_s: float) -> None:
        self.pc = pc
        self.began: Callable[[], None] = lambda: None
        self._admitted = admitted
        self._connect_s = connect_s
        self._over = asyncio.Event()
        self._began_s = 0.0
        self._candidates: asyncio.Queue[str] = asyncio.Queue(CANDIDATE_LIMIT)

    @property
    def over(self) -> bool:
        """Whether the call has ended or was told to."""
        return self._over.is_set()

    @property
    def met_impostor(self) -> bool:
        """Whether the handshake showed another certificate than the signed one."""
        return self.pc.met_impostor

    @property
    def lasted_s(self) -> float:
        """How long it is since the connection was made."""
        return asyncio.get_running_loop().time() - self._began_s

    async def answer(self) -> tuple[CallAnswer, str]:
        """The answer and the name of its channel. Raises DescriptionError or PeerGoneError."""
        self.pc.pin(self._admitted.fingerprint)
        sdp, slow = split_slow_candidates(self._admitted.sdp)
        answer = await accept_offer(self.pc, sdp)
        for candidate in slow:
            self.add_candidate(candidate)
        signature, channel = self._admitted.seal(answer)
        return CallAnswer(call=self._admitted.call, sdp=answer, signature=signature), channel

    def add_candidate(self, candidate: str) -> None:
        """A trickled candidate; taken while the call connects."""
        try:
            self._candidates.put_nowait(candidate)
        except asyncio.QueueFull:
            log.info("call %s: more candidates than a phone has", self._admitted.call)

    def hang_up(self) -> None:
        """End the call. May be called twice."""
        self._over.set()

    async def run(self, serve: Serve) -> None:
        """Connect, then `serve` until the path is gone or the call is hung up."""
        async with asyncio.TaskGroup() as group:
            life = group.create_task(self._life(serve))
            await self._over.wait()
            life.cancel()

    async def close(self) -> None:
        """Free the connection. May be called twice."""
        self._over.set()
        await close_peer(self.pc)

    async def _life(self, serve: Serve) -> None:
        call = self._admitted.call
        try:
            async with asyncio.TaskGroup() as group:
                candidates = group.create_task(self._take_candidates())
                async with asyncio.timeout(self._connect_s):
                    await connected(self.pc)
                log.info("call %s: connected", call)
                self._began_s = asyncio.get_running_loop().time()
                self.began()
                serving = group.create_task(serve())
                await gone(self.pc)
                serving.cancel()
                candidates.cancel()
        except* ImpostorError:
            log.warning("call %s: ended, the caller showed another certificate", call)
        except* (TimeoutError, PeerGoneError):
            log.info("call %s: the phone could not be reached", call)
        finally:
            self._over.set()

    async def _take_candidates(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CANDIDATE_LIMIT):
                group.create_task(self._try_candidate(await self._candidates.get()))

    async def _try_candidate(self, candidate: str) -> None:
        try:
            await add_candidate(self.pc, candidate)
        except DescriptionError as error:
            log.info("call %s: %s", self._admitted.call, error)
