"""The next call's connection, made before anybody calls.

A certificate, the sockets and, while a call is likely, what STUN and TURN servers have to say: all
of it is ready when the phone taps. An allocation costs the relay memory and the doorbell a few
packets, and a NAT forgets a port that is silent for half a minute; so servers are asked ahead only
while somebody is at the door or has just hung up, and asked anew every 20 s. Otherwise the sockets
wait alone, and servers are asked when the call comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from aiortc import RTCIceServer

from media.addresses import ANY_NETWORK, Network, host_addresses
from media.peer import (
    Peer,
    PeerGoneError,
    accept_answer,
    accept_offer,
    close_peer,
    connected,
    make_offer,
    open_peer,
)

log = logging.getLogger(__name__)

# Who is at the door, or was just cut off, is called within this time or not at all.
EXPECTED_S = 90.0
# Many NATs forget a silent UDP port after 30 s (RFC 4787 section 4.3 asks for 120).
ASKED_LIFE_S = 20.0
# Nothing about sockets grows old but the names and keys that a peer sees.
OPEN_LIFE_S = 3600.0
# A cable pulled or a new Wi-Fi is noticed as late as this; the call gathers afresh then.
LOOK_EVERY_S = 10.0
# Nobody waits for it, so that a slow server is heard out.
PREPARE_LIMIT_S = 3.0
REHEARSAL_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Ready:
    pc: Peer
    made_s: float
    asked: tuple[object, ...]
    addresses: list[str]


class WarmPeers:
    """`take()` at any time, without waiting; `run()` keeps the next one ready.

    `servers()` are those that a call that begins now may use; `clock` in seconds.
    """

    def __init__(
        self,
        servers: Callable[[], Sequence[RTCIceServer]] = tuple,
        network: Network = ANY_NETWORK,
        clock: Callable[[], float] = time.monotonic,
        addresses: Callable[[Network], list[str]] = host_addresses,
    ) -> None:
        self._servers = servers
        self._network = network
        self._clock = clock
        self._addresses = addresses
        self._ready: _Ready | None = None
        self._expected_until_s = float("-inf")
        self._wake = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the next call finds a connection made."""
        return self._ready is not None

    def expect(self) -> None:
        """Somebody is likely to call soon."""
        fresh = not self._expected
        self._expected_until_s = self._clock() + EXPECTED_S
        if fresh:
            self._wake.set()

    def take(self) -> Peer:
        """A connection for a call that begins now; the caller closes it."""
        ready, self._ready = self._ready, None
        self._wake.set()
        if ready is None or self._stale(ready):
            # A stale one is closed by `run`.
            self._ready = ready
            return open_peer(self._servers(), network=self._network)
        if not ready.asked:
            ready.pc.lend(self._servers())
        return ready.pc

    async def run(self) -> NoReturn:
        """Keep one ready until cancelled."""
        try:
            await rehearse()
            while True:
                self._wake.clear()
                await self._refresh()
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            await self._replace(None)

    @property
    def _expected(self) -> bool:
        return self._clock() < self._expected_until_s

    def _wanted(self) -> tuple[RTCIceServer, ...]:
        """The servers to ask ahead, if any."""
        return tuple(self._servers()) if self._expected else ()

    def _stale(self, ready: _Ready, in_s: float = 0.0) -> bool:
        life_s = ASKED_LIFE_S if ready.asked else OPEN_LIFE_S
        return self._clock() + in_s - ready.made_s >= life_s

    def _good(self, ready: _Ready | None) -> bool:
        return (
            ready is not None
            and not self._stale(ready, LOOK_EVERY_S)
            and ready.asked == _names(self._wanted())
            and ready.addresses == self._addresses(self._network)
        )

    async def _refresh(self) -> None:
        if self._good(self._ready):
            return
        wanted = self._wanted()
        addresses = self._addresses(self._network)
        pc = open_peer(wanted, network=self._network)
        try:
            async with asyncio.timeout(PREPARE_LIMIT_S):
                await pc.prepare(ask_servers=bool(wanted), limit_s=PREPARE_LIMIT_S)
        except (PeerGoneError, TimeoutError) as error:
            log.debug("no connection can be made ready: %s", error)
            await close_peer(pc)
            await self._replace(None)
            return
        except BaseException:
            await close_peer(pc)
            raise
        await self._replace(_Ready(pc, self._clock(), _names(wanted), addresses))

    async def _replace(self, ready: _Ready | None) -> None:
        old, self._ready = self._ready, ready
        if old is not None:
            await close_peer(old.pc)


async def rehearse() -> None:
    """Connect to ourselves once: libraries load what they need, tables are built.

    The first call of a process would pay for it. A machine without a network does without.
    """
    here = Network(loopback=True)
    caller, callee = open_peer(network=here), open_peer(network=here)
    try:
        for kind in ("video", "audio"):
            caller.addTransceiver(kind, direction="recvonly")
            callee.addTransceiver(kind, direction="sendonly")
        caller.createDataChannel("rehearsal")
        async with asyncio.timeout(REHEARSAL_LIMIT_S):
            await accept_answer(caller, await accept_offer(callee, await make_offer(caller)))
            await connected(callee)
    except (PeerGoneError, TimeoutError, OSError) as error:
        log.debug("no rehearsal: %s", error)
    finally:
        await close_peer(caller)
        await close_peer(callee)


def _names(servers: Sequence[RTCIceServer]) -> tuple[object, ...]:
    return tuple((str(one.urls), one.username, one.credential) for one in servers)
