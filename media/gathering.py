"""A connection's own addresses: sockets, what STUN servers see, what TURN servers lend.

aiortc asks one server of each kind and waits 5 s for it. Here all are asked at the same time, and
nobody waits for those that do not answer: 500 ms at most, and little longer than the first of a
kind that has answered. What comes later is given back; the call goes on with what it has, and a
peer that reaches us from a new address is found by ICE itself (RFC 8445 section 7.3.1.3).
"""

from __future__ import annotations

import asyncio
import errno
import functools
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aioice import stun, turn
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection
from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from media.addresses import ANY_NETWORK, Network, family_of, host_addresses
from media.aiortc_version import require_known_versions
from media.guard import GuardedProtocol
from media.relays import RelayServer, Withdrawal, allocate

require_known_versions()
log = logging.getLogger(__name__)

# Whoever waits for a picture waits for this as well.
GATHER_LIMIT_S = 0.5
# Another server of a kind that has answered is a spare: worth a moment, not half a second.
GRACE_S = 0.05
# More servers than this are a mistake in somebody's settings.
SERVER_LIMIT = 8
COMPONENT = 1
TOP_PREFERENCE = 65_535

# What a server that is dead, refuses, or speaks something else makes of a question.
TROUBLES = (OSError, stun.TransactionError, ValueError, KeyError, struct.error)

Address = tuple[str, int]
Met = Callable[[], None]


class PortsTakenError(OSError):
    """Every port that may be used is in use; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class StunServer:
    """One URL of a STUN server, taken apart (RFC 7064)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"STUN server {self.host}:{self.port}"


Server = StunServer | RelayServer


@dataclass(frozen=True, slots=True)
class _Errand:
    """`work(met)` calls `met` as soon as it has brought something."""

    kind: type[Server]
    name: str
    work: Callable[[Met], Awaitable[None]]


def servers_of(lent: Sequence[RTCIceServer]) -> list[Server]:
    """Every server that can be asked; what is malformed or of an unknown kind is left out."""
    found: list[Server] = []
    for one in lent:
        for url in [one.urls] if isinstance(one.urls, str) else one.urls:
            try:
                found += _server_of(parse_stun_turn_uri(url), one)
            except ValueError:
                log.warning("an ICE server's URL cannot be read and is left out")
    return list(dict.fromkeys(found))[:SERVER_LIMIT]


def _server_of(url: dict[str, Any], lent: RTCIceServer) -> Iterator[Server]:
    scheme, transport = url["scheme"], url.get("transport")
    if scheme == "stun":
        yield StunServer(url["host"], url["port"])
    elif scheme in ("turn", "turns") and transport in ("udp", "tcp"):
        # DTLS to a TURN server is not spoken by aioice.
        encrypted = scheme == "turns"
        if not (encrypted and transport == "udp"):
            yield RelayServer(
                url["host"], url["port"], transport == "tcp", encrypted,
                lent.username, lent.credential,
            )  # fmt: skip


class Gathering:
    """Takes the place of a connection's own gathering. `servers` may change until it begins.

    `open()` binds the sockets and may be called long before; `gather()` asks the servers. Both
    raise PortsTakenError.
    """

    def __init__(
        self,
        connection: Connection,
        servers: Sequence[RTCIceServer] = (),
        network: Network = ANY_NETWORK,
        limit_s: float = GATHER_LIMIT_S,
    ) -> None:
        self.servers = servers
        self.limit_s = limit_s
        self._connection = connection
        self._network = network
        self._hosts: list[GuardedProtocol] | None = None
        # aiortc begins to connect as soon as it sees one candidate, so it sees all or none.
        self._found: list[Candidate] = []
        self._withdrawals: list[Withdrawal] = []
        self._close = connection.close
        connection.gather_candidates = self.gather  # type: ignore[method-assign]
        connection.close = self.close  # type: ignore[method-assign]

    async def open(self) -> None:
        """Bind a socket for each of the machine's addresses. A second time does nothing."""
        if self._hosts is not None:
            return
        self._hosts = []
        addresses = [] if self._network.relay_only else host_addresses(self._network)
        taken = False
        for place, address in enumerate(addresses):
            try:
                self._hosts.append(await self._bind(address, place))
            except PortsTakenError:
                taken = True
            except OSError as error:
                # An address may be new and not yet confirmed, or just gone.
                log.debug("%s cannot be used: %s", address, error)
        if taken and not self._hosts:
            ports = self._network
            raise PortsTakenError(
                f"All UDP ports from {ports.first_port} to {ports.last_port} are in use."
                " End a call, or widen media.ports."
            )
        self._announce()

    async def gather(self) -> None:
        """Open, and ask all servers; returns once enough is known."""
        await self.open()
        connection = self._connection
        if connection._local_candidates_start:
            return
        connection._local_candidates_start = True
        errands = list(self._errands())
        if errands:
            await _ask(errands, self.limit_s)
        connection._local_candidates += self._found
        connection._local_candidates_end = True

    async def close(self) -> None:
        """Give back the allocations, all at the same time, then close the sockets."""
        for protocol in self._connection._protocols:
            if isinstance(protocol.transport, turn.TurnTransport):
                protocol.transport.close()
        # Without us, a closed connection is free at once and not with the next collection.
        for name in ("gather_candidates", "close"):
            self._connection.__dict__.pop(name, None)
        async with asyncio.TaskGroup() as group:
            for withdrawal in self._withdrawals:
                group.create_task(withdrawal.over())
            group.create_task(self._close())

    async def _bind(self, address: str, place: int) -> GuardedProtocol:
        loop = asyncio.get_running_loop()
        bound = bind(address, self._network)
        try:
            _, protocol = await loop.create_datagram_endpoint(
                lambda: GuardedProtocol(self._connection), sock=bound
            )
        except BaseException:
            bound.close()
            raise
        port: int = bound.getsockname()[1]
        protocol.local_candidate = _candidate("host", (address, port), TOP_PREFERENCE - place)
        self._connection._protocols.append(protocol)
        self._found.append(protocol.local_candidate)
        return protocol

    def _announce(self) -> None:
        """Public addresses stand for the main socket of their family."""
        own = {protocol.local_candidate.host for protocol in self._hosts or []}
        for address in self._network.public_addresses:
            for protocol in self._hosts or []:
                base = protocol.local_candidate
                if address not in own and family_of(base.host) is family_of(address):
                    self._seen_as(protocol, (address, base.port))
                    break

    def _errands(self) -> Iterator[_Errand]:
        for server in servers_of(self.servers):
            if isinstance(server, RelayServer):
                work = functools.partial(self._allocate, server)
                yield _Errand(RelayServer, str(server), work)
            elif self._hosts:
                yield _Errand(StunServer, str(server), functools.partial(self._reflect, server))

    async def _reflect(self, server: StunServer, met: Met) -> None:
        """How the server sees each of our sockets."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_DGRAM)
        where = {family: address[:2] for family, _, _, _, address in reversed(found)}
        async with asyncio.TaskGroup() as group:
            for protocol in self._hosts or []:
                family = family_of(protocol.local_candidate.host)
                if family in where:
                    group.create_task(self._look(protocol, where[family], met))

    async def _look(self, protocol: GuardedProtocol, where: tuple[Any, ...], met: Met) -> None:
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        try:
            response, _ = await protocol.request(request, (where[0], where[1]))
            self._seen_as(protocol, response.attributes["XOR-MAPPED-ADDRESS"])
            met()
        except TROUBLES as error:
            # Not every interface leads to every server.
            log.debug("no answer for %s: %s", protocol.local_candidate.host, error)

    def _seen_as(self, protocol: GuardedProtocol, address: Address) -> None:
        base = protocol.local_candidate
        if any((one.host, one.port) == address for one in self._found):
            return
        preference = (base.priority >> 8) & TOP_PREFERENCE
        self._found.append(_candidate("srflx", address, preference, (base.host, base.port)))

    async def _allocate(self, server: RelayServer, met: Met) -> None:
        protocol = GuardedProtocol(self._connection)
        await allocate(server, protocol, self._withdrawals.append)
        address = protocol.transport.get_extra_info("sockname")
        related = protocol.transport.get_extra_info("related_address")
        if self._network.relay_only:
            # Who hides its addresses does not tell them here either (RFC 9429 section 3.5.3).
            related = ("0.0.0.0" if family_of(address[0]) is socket.AF_INET else "::", 9)
        spares = sum(one.type == "relay" for one in self._found)
        protocol.local_candidate = _candidate("relay", address, TOP_PREFERENCE - spares, related)
        self._connection._protocols.append(protocol)
        self._found.append(protocol.local_candidate)
        met()


def bind(address: str, network: Network) -> socket.socket:
    """A UDP socket at the first free port that the network allows.

    Raises PortsTakenError, or OSError when the address cannot be used at all.
    """
    family = family_of(address)
    for port in network.ports:
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, turn.UDP_SOCKET_BUFFER_SIZE)
            if family is socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind((address, port))
        except OSError as error:
            bound.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return bound
    raise PortsTakenError(f"No port is free at {address}.")


async def _ask(errands: Sequence[_Errand], limit_s: float) -> None:
    """Run all errands; leave at the limit, or once each kind has succeeded and had its moment."""
    missing = {errand.kind for errand in errands}
    waiting = {errand.name for errand in errands}
    loop = asyncio.get_running_loop()

    async def run(errand: _Errand) -> None:
        def met() -> None:
            if errand.kind in missing:
                missing.discard(errand.kind)
                if not missing and not patience.expired():
                    patience.reschedule(min(ends_s, loop.time() + GRACE_S))

        try:
            await errand.work(met)
        except TROUBLES as error:
            log.info("%s is of no use: %s", errand.name, type(error).__name__)
        waiting.discard(errand.name)

    ends_s = loop.time() + limit_s
    try:
        async with asyncio.timeout(limit_s) as patience, asyncio.TaskGroup() as group:
            for errand in errands:
                group.create_task(run(errand))
    except TimeoutError:
        log.info("not waited for: %s", ", ".join(sorted(waiting)))


def _candidate(
    kind: str, address: Address, preference: int, related: Address | None = None
) -> Candidate:
    """Preferences differ, so that the better of two addresses is tried first."""
    base = related or address
    return Candidate(
        foundation=candidate_foundation(kind, "udp", base[0] if kind == "srflx" else address[0]),
        component=COMPONENT,
        transport="udp",
        priority=candidate_priority(COMPONENT, kind, preference),
        host=address[0],
        port=address[1],
        type=kind,
        related_address=related[0] if related else None,
        related_port=related[1] if related else None,
    )
