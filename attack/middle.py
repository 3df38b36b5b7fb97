"""A man in the middle: he has the genuine offer, its ICE password and the network, and no key."""

from __future__ import annotations

import asyncio

from aiortc import RTCPeerConnection, RTCSessionDescription

from attack.doorbell import Doorbell
from attack.phones import HonestPhone, Peer
from attack.server import HostileServer, new_call
from attack.tally import Tally
from protocol.link import CallAnswer, CallOffer

# A refused handshake shows within a second; a doorbell that waits for more gives nothing away.
LISTEN_S = 4.0
ROUNDS = 3


async def sit_in_the_middle(server: HostileServer, bell: Doorbell, phone: HonestPhone) -> Tally:
    """Take the genuine answer of a genuine offer, and shake hands with another certificate."""
    row = Tally("shaking hands in the phone's place with another certificate")
    edges = bell.edges()
    for _ in range(ROUNDS):
        victim, thief = Peer(), Peer()
        try:
            offer = await phone.signed(await victim.sdp())
            await _steal(thief.pc, offer.sdp)
            call = new_call()
            answer = await server.offer(
                CallOffer(call=call, sdp=offer.sdp, signature=offer.signature)
            )
            if not isinstance(answer, CallAnswer):
                raise RuntimeError(f"The doorbell refused a genuine call: {answer.detail}")
            await thief.pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
            await asyncio.sleep(LISTEN_S)
            got = thief.leaked + thief.media_bytes()
            row.leaked += got
            row.note(refused=thief.control.readyState != "open" and not got, how="the handshake")
            await server.hang_up(call)
        finally:
            await victim.close()
            await thief.close()
    row.edges = bell.edges() - edges
    return row


async def _steal(pc: RTCPeerConnection, sdp: str) -> None:
    """Make `pc` answer connectivity checks with the ICE credentials of somebody's offer."""
    name, password = (_value(sdp, f"a=ice-{kind}:") for kind in ("ufrag", "pwd"))
    await pc.setLocalDescription(await pc.createOffer())
    for transceiver in pc.getTransceivers():
        connection = transceiver.receiver.transport.transport.iceGatherer._connection
        connection._local_username, connection._local_password = name, password


def _value(sdp: str, start: str) -> str:
    return next(line for line in sdp.splitlines() if line.startswith(start)).removeprefix(start)
