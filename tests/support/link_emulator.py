"""A bad network between two ends on this machine: a UDP relay that loses, delays and reorders.

Two ends that are to meet only here exchange `bare_offer(offer)` and
`await network.relayed_answer(answer)`. A page of Chromium does so with `through(network)`:

    async with EmulatedNetwork(seed=1, down=Conditions(rate_bps=600_000)) as network:
        async with paired_page(browser, link, prepare=through(network)) as page: …
        network.change(down=PERFECT)
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from playwright.async_api import BrowserContext

from scripts.page_probes import MEET_AT_RELAYS, RELAYED_ANSWER
from tests.support.link_lane import PERFECT, QUEUE_BYTES, Conditions, Lane

__all__ = [
    "PERFECT", "QUEUE_BYTES", "Conditions", "EmulatedNetwork", "LinkEmulator", "bare_offer",
    "through",
]  # fmt: skip

Address = tuple[str, int]
# Bursts of a keyframe must not be lost in the kernel, where no seed decides.
SOCKET_BYTES = 4 * 1024 * 1024


class LinkEmulator:
    """Relays datagrams between whoever sends to `address` and the end at `to`.

    `up` is the way to `to`, `down` the way back. Each sender gets an address of its own toward
    `to`, as behind a NAT. `async with` it.
    """

    def __init__(
        self, seed: int, to: Address, *, up: Conditions = PERFECT, down: Conditions = PERFECT
    ) -> None:
        self.up = Lane(f"{seed}/up", up)
        self.down = Lane(f"{seed}/down", down)
        self.address: Address = ("", 0)
        self._to = to
        self._near: asyncio.DatagramTransport | None = None
        self._far: dict[Address, asyncio.DatagramTransport] = {}
        self._opening: dict[Address, list[bytes]] = {}
        self._group = asyncio.TaskGroup()
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._near = await _socket(self._to[0], self._from_near)
        self.address = self._near.get_extra_info("sockname")[:2]
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._group.__aexit__(None, None, None)
        self.close()

    def close(self) -> None:
        """Let nothing through any more. May be called twice."""
        self._closed = True
        for transport in (self._near, *self._far.values()):
            if transport is not None:
                transport.close()

    def change(self, *, up: Conditions | None = None, down: Conditions | None = None) -> None:
        """Other conditions for what is sent from now on."""
        self.up.conditions = up or self.up.conditions
        self.down.conditions = down or self.down.conditions

    def blackout(self, seconds: float = math.inf) -> None:
        """Lose everything for so long, in both directions; 0 ends a blackout."""
        until_s = asyncio.get_running_loop().time() + seconds
        self.up.blackout(until_s)
        self.down.blackout(until_s)

    def _from_near(self, data: bytes, sender: Address) -> None:
        if (far := self._far.get(sender)) is not None:
            self._carry(self.up, data, lambda: far.sendto(data, self._to))
        elif sender in self._opening:
            self._opening[sender].append(data)
        else:
            self._opening[sender] = [data]
            self._group.create_task(self._open(sender))

    async def _open(self, sender: Address) -> None:
        def back(data: bytes, _: Address) -> None:
            near = self._near
            if near is not None:
                self._carry(self.down, data, lambda: near.sendto(data, sender))

        self._far[sender] = await _socket(self._to[0], back)
        for data in self._opening.pop(sender):
            self._from_near(data, sender)

    def _carry(self, lane: Lane, data: bytes, send: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()

        def arrive() -> None:
            if not self._closed and not lane.dark(loop.time()):
                send()

        for arrives_s in lane.admit(len(data), loop.time()):
            loop.call_at(arrives_s, arrive)


class EmulatedNetwork:
    """The way between one phone and everyone who answers it: a relay for each call.

    All relays have the same conditions; `change` and `blackout` are for all of them, and for those
    to come.
    """

    def __init__(self, seed: int, *, up: Conditions = PERFECT, down: Conditions = PERFECT) -> None:
        self.links: list[LinkEmulator] = []
        self._seed = seed
        self._up = up
        self._down = down
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    def change(self, *, up: Conditions | None = None, down: Conditions | None = None) -> None:
        """Other conditions from now on."""
        self._up, self._down = up or self._up, down or self._down
        for link in self.links:
            link.change(up=up, down=down)

    def blackout(self, seconds: float = math.inf) -> None:
        """Lose everything for so long; 0 ends a blackout. A later call is not affected."""
        for link in self.links:
            link.blackout(seconds)

    async def relayed_answer(self, sdp: str) -> str:
        """The answer with a relay in the place of its addresses."""
        lines = sdp.splitlines()
        found = [line for line in lines if _is_relayed(line)]
        if not found:
            raise ValueError("The answer has no IPv4 candidate that a relay could stand for.")
        words = found[0].split()
        link = LinkEmulator(
            self._seed + len(self.links), (words[4], int(words[5])), up=self._up, down=self._down
        )
        self.links.append(await self._stack.enter_async_context(link))
        host, port = link.address
        relay = " ".join([*words[:4], host, str(port), *words[6:]])
        kept = [
            relay if line == found[0] else line
            for line in lines
            if line == found[0] or not line.startswith("a=candidate:")
        ]
        return "\r\n".join(kept) + "\r\n"


def bare_offer(sdp: str) -> str:
    """The offer without addresses: its maker is found only by what it sends."""
    gone = ("a=candidate:", "a=end-of-candidates")
    return "\r\n".join(line for line in sdp.splitlines() if not line.startswith(gone)) + "\r\n"


def through(network: EmulatedNetwork) -> Callable[[BrowserContext], Awaitable[None]]:
    """Makes every call of a context's pages run through `network`; before a page is opened."""

    async def prepare(context: BrowserContext) -> None:
        async def relayed(_: object, sdp: str) -> str:
            return await network.relayed_answer(sdp)

        await context.expose_binding(RELAYED_ANSWER, relayed)
        await context.add_init_script(MEET_AT_RELAYS)

    return prepare


def _is_relayed(line: str) -> bool:
    words = line.split()
    return (
        line.startswith("a=candidate:")
        and len(words) > 7
        and words[2].lower() == "udp"
        and words[7] == "host"
        and ":" not in words[4]
    )


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._received(data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """The other end has gone; a network does not care."""


async def _socket(
    host: str, received: Callable[[bytes, Address], None]
) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(received), local_addr=(host, 0)
    )
    _widen(transport)
    return transport


def _widen(transport: asyncio.BaseTransport) -> None:
    raw = transport.get_extra_info("socket")
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        raw.setsockopt(socket.SOL_SOCKET, option, SOCKET_BYTES)
