"""Allocations on TURN servers (RFC 8656): asked for, used without a task a packet, given back.

aioice's own endpoint waits half a minute for a server that has gone, and leaves behind what a
server was just about to grant.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aioice import stun, turn

from media.aiortc_version import require_known_versions
from media.guard import GuardedProtocol

require_known_versions()
log = logging.getLogger(__name__)

# A server that is there answers in a round trip; the end of a call waits no longer for its word.
RELEASE_LIMIT_S = 1.0
# aioice asks for the same; one that is forgotten is free again after that.
ALLOCATION_LIFE_S = 600

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RelayServer:
    """One URL of a TURN server, taken apart (RFC 7065)."""

    host: str
    port: int
    stream: bool
    encrypted: bool
    username: str | None
    password: str | None

    def __str__(self) -> str:
        kind = "tls" if self.encrypted else "tcp" if self.stream else "udp"
        return f"TURN server {self.host}:{self.port}/{kind}"


class Relay(turn.TurnTransport):
    """An allocation in the place of a socket."""

    def __init__(self, client: turn.TurnClientProtocol) -> None:
        super().__init__(client)
        self._client = client

    def sendto(self, data: bytes, addr: Address) -> None:
        # aioice starts a task for every packet; only the first to a peer has to wait for anything.
        client = self._client
        channel = client.peer_to_channel.get(addr)
        due = channel is None or time.time() > client.channel_refresh_at[channel]
        if due or addr in client.peer_connect_waiters or client.transport.is_closing():
            super().sendto(data, addr)
        else:
            client._send(struct.pack("!HH", channel, len(data)) + data)

    async def _close(self) -> None:
        """Give the allocation back; a server that does not answer is left in time."""
        try:
            async with asyncio.timeout(RELEASE_LIMIT_S):
                await super()._close()
        except (TimeoutError, ConnectionError, stun.TransactionError) as error:
            log.info("an allocation runs out by itself: %s", type(error).__name__)


async def allocate(
    server: RelayServer, protocol: GuardedProtocol, withdrawn: Callable[[Withdrawal], None]
) -> None:
    """Get `protocol` an allocation for its transport.

    Cancelled, it leaves a withdrawal to the caller of `withdrawn` if the server had begun to
    grant one. Raises OSError, ConnectionError or TransactionError.
    """
    client = await _reach(server)
    relay = Relay(client)
    try:
        await relay._connect(protocol)
    except BaseException:
        if client.refresh_task is not None:
            client.refresh_task.cancel()
        if client.integrity_key is None or client.transport.is_closing():
            client.transport.close()
        else:
            withdrawn(Withdrawal(client))
        raise


async def _reach(server: RelayServer) -> turn.TurnClientProtocol:
    loop = asyncio.get_running_loop()
    where = (server.host, server.port)
    words: dict[str, Any] = {
        "username": server.username,
        "password": server.password,
        "lifetime": ALLOCATION_LIFE_S,
        "channel_refresh_time": turn.DEFAULT_CHANNEL_REFRESH_TIME,
    }
    if server.stream:
        _, stream = await loop.create_connection(
            lambda: turn.TurnClientTcpProtocol(where, **words), *where,
            ssl=True if server.encrypted else None,
        )  # fmt: skip
        return stream
    transport, client = await loop.create_datagram_endpoint(
        lambda: turn.TurnClientUdpProtocol(where, **words), remote_addr=where
    )
    plain: socket.socket = transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, turn.UDP_SOCKET_BUFFER_SIZE)
    return client


class Withdrawal:
    """Gives back what a server may be about to grant; `await over()` ends it.

    It stays at the socket until the server has confirmed, RELEASE_LIMIT_S at most.

    Our words may reach the server before the request that they take back: datagrams keep no order.
    So they are said again when the request is granted.
    """

    def __init__(self, client: turn.TurnClientProtocol) -> None:
        self._client = client
        self._confirmed = asyncio.Event()
        client.datagram_received = self._hear  # type: ignore[method-assign]
        self._give_back()

    async def over(self) -> None:
        """Returns when the socket is closed."""
        try:
            async with asyncio.timeout(RELEASE_LIMIT_S):
                await self._confirmed.wait()
        except TimeoutError:
            self._give_back()
            log.info("an allocation may have to run out by itself")
        finally:
            self._client.transport.close()

    def _hear(self, data: bytes | str, addr: Address) -> None:
        try:
            said = stun.parse_message(data if isinstance(data, bytes) else data.encode())
        except ValueError:
            return
        granted = said.message_class is stun.Class.RESPONSE
        if said.message_method is stun.Method.ALLOCATE and granted:
            self._give_back()
        elif granted or said.message_method is stun.Method.ALLOCATE:
            self._confirmed.set()

    def _give_back(self) -> None:
        client = self._client
        if client.integrity_key is None or client.transport.is_closing():
            return
        request = stun.Message(message_method=stun.Method.REFRESH, message_class=stun.Class.REQUEST)
        request.attributes.update(
            LIFETIME=0, USERNAME=client.username, NONCE=client.nonce, REALM=client.realm
        )
        request.add_message_integrity(client.integrity_key)
        client.send_stun(request, client.server)
