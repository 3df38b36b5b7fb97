"""The handshake: who begins it, and whose certificate it shows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCSessionDescription

from media.handshake import lets_us_begin, with_one_fingerprint
from media.peer import (
    ImpostorError,
    Peer,
    PeerGoneError,
    accept_answer,
    accept_offer,
    close_peer,
    connected,
    make_offer,
    open_peer,
    read_offer,
    remote_fingerprint,
)
from protocol.calls import fingerprint_of

OTHER = "AB" + ":01" * 31
LIMIT_S = 10.0


async def meeting(pin: str | None) -> tuple[Peer, Peer, str]:
    """A caller, a callee that expects `pin`, and the caller's fingerprint; `OTHER` is nobody's."""
    caller, callee = open_peer(), open_peer()
    caller.addTransceiver("audio", direction="recvonly")
    callee.addTransceiver("audio", direction="sendonly")
    caller.createDataChannel("control")
    offer = with_one_fingerprint(await make_offer(caller))
    own = fingerprint_of(offer)
    callee.pin(own if pin is None else pin)
    await accept_answer(caller, await accept_offer(callee, offer))
    return caller, callee, own


async def test_the_real_certificate_is_the_one_in_the_sdp() -> None:
    caller, callee, own = await meeting(None)
    try:
        with pytest.raises(PeerGoneError, match="not shown"):
            remote_fingerprint(callee)
        async with asyncio.timeout(LIMIT_S):
            await connected(callee)
        assert remote_fingerprint(callee) == own
        assert not callee.met_impostor
        assert remote_fingerprint(caller) == fingerprint_of(callee_answer(callee))
    finally:
        await close_peer(caller)
        await close_peer(callee)


def callee_answer(callee: Peer) -> str:
    return with_one_fingerprint(str(callee.localDescription.sdp))


async def test_another_certificate_ends_it_although_the_sdp_names_it() -> None:
    caller, callee, own = await meeting(OTHER)
    opened: list[object] = []
    callee.on("datachannel", opened.append)
    try:
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(ImpostorError):
                await connected(callee)
        assert callee.met_impostor
        assert remote_fingerprint(callee) == own
        assert callee.connectionState == "failed"
        transport: Any = callee.getTransceivers()[0].receiver.transport
        # There never were keys for media.
        assert (transport._rx_srtp, transport._tx_srtp, opened) == (None, None, [])
    finally:
        await close_peer(caller)
        await close_peer(callee)


async def test_a_ready_made_connection_is_pinned_as_well() -> None:
    callee = open_peer()
    await callee.prepare(ask_servers=False)
    caller = open_peer()
    try:
        caller.createDataChannel("control")
        offer = with_one_fingerprint(await make_offer(caller))
        callee.pin(OTHER)
        await accept_answer(caller, await accept_offer(callee, offer))
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(ImpostorError):
                await connected(callee)
    finally:
        await close_peer(caller)
        await close_peer(callee)


async def test_our_answers_say_active_and_name_one_fingerprint() -> None:
    for setup in ("actpass", "passive"):
        caller, callee = open_peer(), open_peer()
        try:
            caller.addTransceiver("video", direction="recvonly")
            callee.addTransceiver("video", direction="sendonly")
            caller.createDataChannel("control")
            offer = (await make_offer(caller)).replace("a=setup:actpass", f"a=setup:{setup}")
            assert lets_us_begin(read_offer(offer))
            answer = await accept_offer(callee, offer)
            setups = {line for line in answer.splitlines() if line.startswith("a=setup")}
            assert setups == {"a=setup:active"}
            assert fingerprint_of(answer)
        finally:
            await close_peer(caller)
            await close_peer(callee)


async def test_who_wants_to_begin_itself_is_told_apart() -> None:
    caller = open_peer()
    try:
        caller.createDataChannel("control")
        offer = await make_offer(caller)
        for setup in ("a=setup:active", "a=x:y"):
            assert not lets_us_begin(read_offer(offer.replace("a=setup:actpass", setup)))
    finally:
        await close_peer(caller)


async def test_an_answerer_without_a_pin_believes_the_sdp() -> None:
    """As a recorder does: whoever sends to it holds its token."""
    caller, callee = open_peer(), open_peer()
    try:
        caller.createDataChannel("control")
        await callee.setRemoteDescription(RTCSessionDescription(await make_offer(caller), "offer"))
        await callee.setLocalDescription(await callee.createAnswer())
        await accept_answer(caller, str(callee.localDescription.sdp))
        async with asyncio.timeout(LIMIT_S):
            await connected(callee)
        assert not callee.met_impostor
    finally:
        await close_peer(caller)
        await close_peer(callee)
