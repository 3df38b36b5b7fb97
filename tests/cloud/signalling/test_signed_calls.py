"""Signed calls pass through the server as they are: it hears no word of what they say."""

from __future__ import annotations

import asyncio

import pytest

from protocol.calls import SIGNATURE_HEADER, AnswerStatement
from protocol.jws import JWS_LIMIT_BYTES, hash_of, seal
from protocol.link import CallAnswer, CallHangUp, CallOffer
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import Reply, SigningPhone

SDP = "application/sdp"
OFFER = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"
DATA_ONLY = OFFER.replace("m=video 9 UDP/TLS/RTP/SAVPF 96", "m=application 9 UDP/DTLS/SCTP x")
SIGNATURE = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmVk-_"
# What a careless carrier would change.
TEXTS = (
    OFFER,
    OFFER.replace("\r\n", "\n"),
    OFFER.replace("\r\n", "\n", 1),
    OFFER + "\r\n\r\n",
    OFFER.removesuffix("\r\n"),
    OFFER + "a=x: \t trailing \r\n",
    OFFER + "s=Tür \u00e9 e\u0301 \U0001f514\r\n",
    OFFER + 'a=x:"\\u0041\\n</script>\x00\x1f\x7f\r\n',
    OFFER + "a=x:\u2028\u2029\x85\x0b\x0c\r\n",
    OFFER + "a=x:\ufeff\ufffd\r\r\n",
)


async def place(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    body: str = OFFER,
    signature: str | None = SIGNATURE,
) -> Reply:
    headers = {} if signature is None else {SIGNATURE_HEADER: signature}
    path = f"/api/v1/doorbells/{doorbell.id}/live"
    return await phone.ask("POST", path, body.encode(), SDP, headers)


async def answered(
    doorbell: ScriptedDoorbell, phone: SigningPhone, answer: CallAnswer, body: str = OFFER
) -> tuple[CallOffer, Reply]:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(place(doorbell, phone, body))
        offer = await doorbell.hear(CallOffer)
        await doorbell.say(answer.model_copy(update={"call": offer.call}))
    return offer, asking.result()


def an_answer(sdp: str = "v=0\r\n", signature: str | None = SIGNATURE) -> CallAnswer:
    return CallAnswer(call="replaced", sdp=sdp, signature=signature)


@pytest.mark.parametrize("text", TEXTS)
async def test_what_the_phone_hashed_is_what_the_doorbell_hashes(
    doorbell: ScriptedDoorbell, phone: SigningPhone, text: str
) -> None:
    offer, reply = await answered(doorbell, phone, an_answer(text), text)
    assert offer.sdp == text
    assert hash_of(offer.sdp) == hash_of(text.encode())
    assert (reply.status, reply.body) == (201, text.encode())
    assert reply.headers["Content-Type"] == SDP


async def test_signatures_pass_in_both_directions(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    statement = AnswerStatement(
        doorbell=doorbell.id, phone=phone.id, session="s" * 22, doorbell_nonce="n" * 22,
        phone_nonce="p" * 22, fingerprint=":".join(["AB"] * 32), sdp_hash=hash_of("v=0"),
        offer_hash=hash_of(SIGNATURE),
    )  # fmt: skip
    sealed = seal(doorbell.identity, "doorstep-answer+jws", statement)
    offer, reply = await answered(doorbell, phone, an_answer("v=0", sealed))
    assert (offer.signature, offer.view_token) == (SIGNATURE, None)
    assert reply.headers[SIGNATURE_HEADER] == sealed
    exposed = reply.headers["Access-Control-Expose-Headers"].split(", ")
    assert SIGNATURE_HEADER in exposed
    asked_first = await phone.send("OPTIONS", f"/api/v1/doorbells/{doorbell.id}/live")
    assert SIGNATURE_HEADER in asked_first.headers["Access-Control-Allow-Headers"].split(", ")


async def test_an_unsigned_answer_has_no_header(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    _, reply = await answered(doorbell, phone, an_answer(signature=None))
    assert reply.status == 201
    assert SIGNATURE_HEADER not in reply.headers


@pytest.mark.parametrize("signature", [None, "", "a b.c.d", "a.b.c,d.e.f", "é.b.c", "a" * 8193])
async def test_what_is_not_signed_never_reaches_the_doorbell(
    doorbell: ScriptedDoorbell, phone: SigningPhone, signature: str | None
) -> None:
    reply = await place(doorbell, phone, signature=signature)
    assert (reply.status, reply.problem.title) == (400, "Not signed")
    assert "Reload the app" in reply.problem.detail
    offer, _ = await answered(doorbell, phone, an_answer())
    assert offer.signature == SIGNATURE


async def test_the_longest_signature_passes(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    longest = "a" * JWS_LIMIT_BYTES
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(place(doorbell, phone, signature=longest))
        offer = await doorbell.hear(CallOffer)
        # As long as this test's client would read.
        await doorbell.say(CallAnswer(call=offer.call, sdp="v=0", signature=longest[:8000]))
    assert offer.signature == longest
    assert asking.result().headers[SIGNATURE_HEADER] == longest[:8000]


@pytest.mark.parametrize("signature", ["a\r\nSet-Cookie: x=1", "a b", "ü"])
async def test_an_answer_cannot_smuggle_headers(
    doorbell: ScriptedDoorbell, phone: SigningPhone, signature: str
) -> None:
    offer, reply = await answered(doorbell, phone, an_answer(signature=signature))
    assert (reply.status, reply.problem.title) == (502, "Malformed answer")
    assert "Set-Cookie" not in reply.headers
    assert await doorbell.hear(CallHangUp) == CallHangUp(call=offer.call)


async def test_a_call_without_picture_and_sound_needs_no_right_to_see(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.introduce(known_phone(phone.identity, "Anna", "history"))
    assert (await place(doorbell, phone)).problem.title == "Not allowed"
    mixed = DATA_ONLY + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    assert (await place(doorbell, phone, mixed)).status == 403
    offer, reply = await answered(doorbell, phone, an_answer(), DATA_ONLY)
    assert (reply.status, offer.sdp) == (201, DATA_ONLY)
