"""An admin's phone that manages the household, so that attackers have the rights they should."""

from __future__ import annotations

import asyncio

from aiortc import RTCPeerConnection, RTCSessionDescription

from attack.phones import HonestPhone, RefusedError, believed
from attack.server import new_call
from media.handshake import with_one_fingerprint
from protocol.household import (
    HOUSEHOLD_REPLY,
    Access,
    ChangePhone,
    HouseholdRefused,
    HouseholdReply,
    HouseholdRequest,
)
from protocol.link import CallOffer, CallRefused

REPLY_LIMIT_S = 20.0


async def change(admin: HonestPhone, phone: HonestPhone, name: str, access: Access) -> None:
    """Give a phone these rights and no others; RefusedError when the doorbell does not."""
    request = ChangePhone(id=1, phone=phone.identity.id, name=name, access=access)
    reply = await ask(admin, request)
    if isinstance(reply, HouseholdRefused):
        raise RefusedError(reply.detail)


async def ask(phone: HonestPhone, request: HouseholdRequest) -> HouseholdReply:
    """One request over a call without picture and sound."""
    pc = RTCPeerConnection()
    heard: asyncio.Queue[HouseholdReply] = asyncio.Queue()
    channel = pc.createDataChannel("household")
    channel.on("open", lambda: channel.send(request.model_dump_json()))
    channel.on("message", lambda text: heard.put_nowait(HOUSEHOLD_REPLY.validate_json(text)))
    try:
        await pc.setLocalDescription(await pc.createOffer())
        offer = await phone.signed(with_one_fingerprint(pc.localDescription.sdp))
        answer = await phone.server.offer(
            CallOffer(call=new_call(), sdp=offer.sdp, signature=offer.signature)
        )
        if isinstance(answer, CallRefused):
            raise RefusedError(answer.detail)
        believed(offer, answer)
        await pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        async with asyncio.timeout(REPLY_LIMIT_S):
            while (reply := await heard.get()).id != request.id:
                pass
        return reply
    finally:
        await pc.close()
