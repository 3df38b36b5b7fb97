"""Two aiortc peers in this process that have a data channel with each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiortc import RTCConfiguration, RTCDataChannel, RTCIceTransport, RTCPeerConnection

CONNECT_LIMIT_S = 10.0


@dataclass(slots=True)
class PeerPair:
    """`asking` sends on `channel`; `echoing` sends everything back."""

    asking: RTCPeerConnection
    echoing: RTCPeerConnection
    channel: RTCDataChannel
    replies: asyncio.Queue[str]

    async def echo(self, text: str) -> str:
        """Send `text` and wait for what comes back."""
        self.channel.send(text)
        return await asyncio.wait_for(self.replies.get(), CONNECT_LIMIT_S)

    @property
    def transport(self) -> RTCIceTransport:
        """The transport of `echoing`."""
        if self.echoing.sctp is None:
            raise LookupError("the peer has no data channel")
        return self.echoing.sctp.transport.transport

    def addresses(self) -> list[tuple[str, int]]:
        """Where `echoing` listens."""
        gatherer = self.transport.iceGatherer
        return [(candidate.ip, candidate.port) for candidate in gatherer.getLocalCandidates()]


def bare_peer() -> RTCPeerConnection:
    """A peer that asks no STUN server."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


@asynccontextmanager
async def peer_pair(
    asking: RTCPeerConnection, echoing: RTCPeerConnection
) -> AsyncIterator[PeerPair]:
    """Connect the two; both are closed at the end."""
    replies: asyncio.Queue[str] = asyncio.Queue()
    opened = asyncio.Event()
    channel = asking.createDataChannel("echo")
    channel.on("open", opened.set)
    channel.on("message", replies.put_nowait)

    def answer(remote: RTCDataChannel) -> None:
        remote.on("message", remote.send)

    echoing.on("datachannel", answer)
    try:
        await asking.setLocalDescription(await asking.createOffer())
        await echoing.setRemoteDescription(asking.localDescription)
        await echoing.setLocalDescription(await echoing.createAnswer())
        await asking.setRemoteDescription(echoing.localDescription)
        await asyncio.wait_for(opened.wait(), CONNECT_LIMIT_S)
        yield PeerPair(asking, echoing, channel, replies)
    finally:
        await asking.close()
        await echoing.close()
