"""What a whole visit leaves in both logs at their most talkative: no secret, no name, no SDP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiortc import RTCPeerConnection

from protocol.pairing import Invitation, encode
from scripts.phone import Phone
from scripts.stack import Stack, wait_until

# Nobody is called so, and no sentence holds it.
NAME = "Xanthippe Quorl"
DEBUG = ("--log-level", "debug")


@pytest.mark.e2e
async def test_no_secret_is_in_any_log(tmp_path: Path) -> None:
    with Stack(tmp_path, server_options=DEBUG, doorbell_options=DEBUG) as stack:
        link = stack.pairing_link()
        planted = [NAME, encode(Invitation.parse(urlsplit(link).fragment).secret)]
        async with await Phone.paired(link, NAME) as phone:
            planted += [phone.identity.public.text, phone.doorbell.text]
            stack.twin("press")
            planted += await _whole_call(stack, phone)
            await phone.request("GET", "/api/v1/visits")
        logs = stack.server.output + stack.doorbell.output
    assert phone.identity.id in logs, "the logs say nothing at all"
    # Every token and statement of ours begins with the header {"alg":
    assert "eyJhbGci" not in logs
    assert [secret for secret in planted if secret in logs] == []


async def _whole_call(stack: Stack, phone: Phone) -> list[str]:
    """Call and hang up; what only the two ends may know of it."""
    pc = RTCPeerConnection()
    pc.addTransceiver("video", direction="recvonly")
    pc.createDataChannel("control")
    try:
        path = await phone.call(pc)
        await asyncio.to_thread(
            wait_until, "The call", lambda: "connected" in stack.doorbell.output
        )
        await phone.request("DELETE", path)
        return _private_parts(pc.localDescription.sdp, pc.remoteDescription.sdp)
    finally:
        await pc.close()


def _private_parts(*descriptions: str) -> list[str]:
    lines = [line for sdp in descriptions for line in sdp.splitlines()]
    starts = ("a=ice-pwd:", "a=fingerprint:", "a=candidate:", "m=video")
    return [line.partition(":")[2] or line for line in lines if line.startswith(starts)]
