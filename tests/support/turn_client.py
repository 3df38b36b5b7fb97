"""A client of a TURN server that asks for one thing at a time and tells what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioice import stun, turn

from protocol.api import IceServer

LIFE_S = 600
GRANTED = 0
# Any port will do where no address of the peer may be reached.
PEER_PORT = 9


class TurnClient:
    """Every request returns the error code of the answer, or GRANTED."""

    def __init__(self, client: turn.TurnClientProtocol) -> None:
        self._client = client

    async def allocate(self) -> int:
        """RFC 8656 section 7."""
        try:
            await self._client.connect()
        except stun.TransactionFailed as refused:
            return _code(refused)
        return GRANTED

    async def refresh(self) -> int:
        """Ask for LIFE_S more (section 8)."""
        request = _request(stun.Method.REFRESH)
        request.attributes["LIFETIME"] = LIFE_S
        return await self._ask(request)

    async def permit(self, peer: str) -> int:
        """Let a peer's packets in and ours out to it (section 10)."""
        request = _request(stun.Method.CREATE_PERMISSION)
        request.attributes["XOR-PEER-ADDRESS"] = (peer, PEER_PORT)
        return await self._ask(request)

    async def bind(self, peer: str, channel: int = 0x4000) -> int:
        """The same by a channel (section 12)."""
        request = _request(stun.Method.CHANNEL_BIND)
        request.attributes["CHANNEL-NUMBER"] = channel
        request.attributes["XOR-PEER-ADDRESS"] = (peer, PEER_PORT)
        return await self._ask(request)

    async def _ask(self, request: stun.Message) -> int:
        try:
            await self._client.request_with_retry(request)
        except stun.TransactionFailed as refused:
            return _code(refused)
        return GRANTED


@asynccontextmanager
async def turn_client(port: int, lent: IceServer) -> AsyncIterator[TurnClient]:
    """With the name and the word that were lent, over UDP; gives back what it got."""
    where = ("127.0.0.1", port)
    _, client = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: turn.TurnClientUdpProtocol(
            where, username=lent.username, password=lent.credential, lifetime=LIFE_S,
            channel_refresh_time=turn.DEFAULT_CHANNEL_REFRESH_TIME,
        ),
        remote_addr=where,
    )  # fmt: skip
    try:
        yield TurnClient(client)
    finally:
        if client.relayed_address is None:
            client.transport.close()
        else:
            await client.delete()


def _request(method: stun.Method) -> stun.Message:
    return stun.Message(message_method=method, message_class=stun.Class.REQUEST)


def _code(refused: stun.TransactionFailed) -> int:
    code = refused.response.error_code
    if code is None:
        raise refused
    return code
