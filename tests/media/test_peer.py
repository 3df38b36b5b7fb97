"""Offers and candidates of any quality; connections that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiortc import RTCPeerConnection

from media.peer import (
    CodecError,
    DescriptionError,
    PeerGoneError,
    accept_answer,
    accept_offer,
    add_candidate,
    close_peer,
    connected,
    gone,
    make_offer,
    open_peer,
    read_offer,
    split_slow_candidates,
)
from tests.support.phone import LoopPhone


@pytest.fixture
async def pc() -> AsyncIterator[RTCPeerConnection]:
    pc = open_peer()
    yield pc
    await pc.close()


@pytest.fixture
async def phone() -> AsyncIterator[LoopPhone]:
    async with LoopPhone() as phone:
        yield phone


@pytest.mark.parametrize(("sdp", "why"), [
    ("", "no media"),
    ("hello", "no media"),
    ("v=0\r\n", "no media"),
    ("v=0\r\nm=video\r\n", "cannot be read"),
    ("v=0\r\nm=video x UDP/TLS/RTP/SAVPF 96\r\n", "cannot be read"),
    ("v=0\r\nm=text 9 UDP/TLS/RTP/SAVPF 96\r\n", "not audio, video"),
    ("v=0\r\n" + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 2, "one video"),
    ("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", "bundle"),
])  # fmt: skip
def test_an_offer_that_cannot_be_used_says_why(sdp: str, why: str) -> None:
    with pytest.raises(DescriptionError, match=why):
        read_offer(sdp)


async def test_every_cut_of_an_offer_is_refused_or_answered(phone: LoopPhone) -> None:
    lines = (await phone.offer()).splitlines(keepends=True)
    refused = 0
    for skipped in range(0, len(lines), 3):
        pc = open_peer()
        try:
            sdp = "".join(lines[:skipped] + lines[skipped + 1 :])
            read_offer(sdp)
            await accept_offer(pc, sdp)
        except DescriptionError:
            refused += 1
        finally:
            await pc.close()
    assert 0 < refused < len(lines) / 3


async def test_an_offer_without_a_common_codec(pc: RTCPeerConnection, phone: LoopPhone) -> None:
    offer = (await phone.offer()).replace("H264", "AV1").replace("VP8", "VP9")
    with pytest.raises(CodecError):
        await accept_offer(pc, offer)


async def test_an_offer_without_ice_credentials(pc: RTCPeerConnection, phone: LoopPhone) -> None:
    offer = (await phone.offer()).replace("a=ice-pwd", "a=ice-wrong")
    with pytest.raises(DescriptionError):
        await accept_offer(pc, offer)


async def test_a_closed_connection_answers_nobody(phone: LoopPhone) -> None:
    pc = open_peer()
    await pc.close()
    with pytest.raises(PeerGoneError):
        await accept_offer(pc, await phone.offer())
    with pytest.raises(PeerGoneError):
        await connected(pc)
    await gone(pc)


async def test_an_answer_that_does_not_fit(pc: RTCPeerConnection) -> None:
    pc.addTransceiver("video")
    await make_offer(pc)
    with pytest.raises(DescriptionError):
        await accept_answer(pc, "v=0\r\n")


async def test_candidates_may_come_later_for_any_section(
    pc: RTCPeerConnection, phone: LoopPhone
) -> None:
    lines = (await phone.offer()).splitlines(keepends=True)
    candidates = [line for line in lines if line.startswith("a=candidate")]
    bare = [line for line in lines if not line.startswith(("a=candidate", "a=end-of-candidates"))]
    answer = await accept_offer(pc, "".join(bare))
    without = [line for line in answer.splitlines(keepends=True) if "candidate" not in line]
    await phone.take_answer("".join(without))
    for candidate in dict.fromkeys(candidates):
        await add_candidate(pc, candidate)
    await add_candidate(pc, "")
    async with asyncio.timeout(5):
        await connected(pc)
    await phone.pc.close()
    async with asyncio.timeout(5):
        await gone(pc)


@pytest.mark.parametrize("candidate", ["nonsense", "candidate:1 1 udp", "candidate:" + "a " * 9])
async def test_a_candidate_that_cannot_be_read(pc: RTCPeerConnection, candidate: str) -> None:
    pc.addTransceiver("video")
    with pytest.raises(DescriptionError):
        await add_candidate(pc, candidate)


async def test_only_host_addresses_are_gathered(pc: RTCPeerConnection) -> None:
    pc.addTransceiver("video")
    async with asyncio.timeout(1):
        sdp = await make_offer(pc)
    assert "typ host" in sdp
    assert "typ srflx" not in sdp


@pytest.mark.parametrize("order", [("audio", "video"), ("video", "audio")])
async def test_sections_may_be_offered_in_any_order(order: tuple[str, ...]) -> None:
    caller, callee = open_peer(), open_peer()
    try:
        for kind in order:
            caller.addTransceiver(kind, direction="recvonly")
        for kind in ("video", "audio"):
            callee.addTransceiver(kind, direction="sendonly")
        await accept_answer(caller, await accept_offer(callee, await make_offer(caller)))
        async with asyncio.timeout(5):
            await connected(callee)
    finally:
        await close_peer(caller)
        await close_peer(callee)


def test_names_to_look_up_do_not_hold_up_the_answer() -> None:
    slow = "a=candidate:1 1 udp 2113937151 0b0c.local 54400 typ host"
    fast = "a=candidate:2 1 udp 2113937151 192.0.2.1 54400 typ host"
    sdp = f"v=0\r\n{slow}\r\n{fast}\r\na=end-of-candidates\r\n"
    assert split_slow_candidates(sdp) == (f"v=0\r\n{fast}\r\n", [slow, ""])
    assert split_slow_candidates(f"v=0\r\n{fast}\r\n") == (f"v=0\r\n{fast}\r\n", [])
