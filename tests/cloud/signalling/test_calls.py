"""Calls: offer in, the doorbell's answer out, and everything that can come between."""

from __future__ import annotations

import asyncio

import pytest

from protocol.door import Phase
from protocol.identity import Identity
from protocol.link import (
    CallAnswer,
    CallCandidate,
    CallEnded,
    CallHangUp,
    CallOffer,
    CallRefused,
    CallTraced,
    Confirmed,
    State,
)
from tests.support.scripted_doorbell import LOCKED, ScriptedDoorbell, known_phone
from tests.support.signing_phone import Reply, SigningPhone

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
OFFER = b"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"
# What only phone and doorbell understand.
SIGNED = {"Doorstep-Signature": "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmVk-_"}
ANSWER_SIGNATURE = "eyJhbGciOiJFUzI1NiJ9.e30.YW5zd2Vy-_"
CANDIDATE = "1 1 UDP 2130706431 192.0.2.1 5000 typ host"


def live(doorbell: ScriptedDoorbell) -> str:
    return f"/api/v1/doorbells/{doorbell.id}/live"


async def place(
    doorbell: ScriptedDoorbell, phone: SigningPhone, body: bytes = OFFER, query: str = ""
) -> Reply:
    """Post a signed offer."""
    return await phone.ask("POST", live(doorbell) + query, body, SDP, SIGNED)


async def call(
    doorbell: ScriptedDoorbell, phone: SigningPhone, query: str = ""
) -> tuple[CallOffer, Reply]:
    """A call that the doorbell answers."""
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(place(doorbell, phone, query=query))
        offer = await doorbell.hear(CallOffer)
        await doorbell.say(CallAnswer(call=offer.call, sdp="v=0\r\nanswer\r\n"))
    return offer, asking.result()


async def test_a_call_is_answered_by_the_doorbell(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, reply = await call(doorbell, phone)
    assert offer.sdp.encode() == OFFER
    assert offer.signature == SIGNED["Doorstep-Signature"]
    assert offer.view_token is None
    assert (reply.status, reply.body) == (201, b"v=0\r\nanswer\r\n")
    assert reply.headers["Content-Type"] == SDP
    assert reply.headers["Location"] == f"{phone.url}/api/v1/live/{offer.call}"
    assert reply.headers["ETag"].startswith('"')
    assert reply.headers["Accept-Post"] == SDP


async def test_a_call_may_answer_a_visit_of_this_doorbell(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.open_visit("visit-0001")
    await doorbell.hear(Confirmed)
    offer, _ = await call(doorbell, phone, "?answers=visit-0001")
    assert offer.answers == "visit-0001"
    reply = await place(doorbell, phone, query="?answers=visit-0009")
    assert (reply.status, reply.problem.title) == (404, "Unknown visit")


async def test_candidates_travel_to_the_doorbell(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, reply = await call(doorbell, phone)
    path = f"/api/v1/live/{offer.call}"
    text = f"a=ice-ufrag:abcd\r\na=mid:0\r\na=candidate:{CANDIDATE}\r\na=end-of-candidates\r\n"
    etag = {"If-Match": reply.headers["ETag"]}
    patched = await phone.ask("PATCH", path, text.encode(), FRAGMENT, etag)
    assert (patched.status, patched.body, patched.headers.get("ETag")) == (204, b"", None)
    first, last = await doorbell.hear(CallCandidate), await doorbell.hear(CallCandidate)
    assert (first.call, first.candidate, first.mid) == (
        offer.call,
        f"candidate:{CANDIDATE}",
        "0",
    )
    assert last.candidate == ""


@pytest.mark.parametrize(
    ("body", "media_type", "if_match", "status"),
    [
        (b"a=ice-ufrag:other\r\n", FRAGMENT, None, 422),
        (b"a=candidate:" + CANDIDATE.encode(), FRAGMENT, '"stale"', 412),
        (b"a=candidate:nonsense", FRAGMENT, None, 400),
        (b"hello", FRAGMENT, None, 400),
        (b"\xff\xfe", FRAGMENT, None, 400),
        (b"a=candidate:" + CANDIDATE.encode(), "application/json", None, 415),
        ((b"a=candidate:" + CANDIDATE.encode() + b"\r\n") * 33, FRAGMENT, None, 400),
        (b"a" * 70_000, FRAGMENT, None, 413),
    ],
)
async def test_a_bad_fragment_changes_nothing(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    body: bytes,
    media_type: str,
    if_match: str | None,
    status: int,
) -> None:
    offer, _ = await call(doorbell, phone)
    path = f"/api/v1/live/{offer.call}"
    headers = {"If-Match": if_match} if if_match else {}
    reply = await phone.ask("PATCH", path, body, media_type, headers)
    assert reply.status == reply.problem.status == status
    assert (await phone.ask("DELETE", path)).status == 200
    assert await doorbell.hear(CallHangUp) == CallHangUp(call=offer.call)


async def test_hanging_up_ends_the_call_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, _ = await call(doorbell, phone)
    path = f"/api/v1/live/{offer.call}"
    assert (await phone.ask("DELETE", path)).status == 200
    assert (await phone.ask("DELETE", path)).problem.title == "Unknown call"


async def test_a_call_is_over_when_the_doorbell_says_so(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, _ = await call(doorbell, phone)
    await doorbell.say(CallEnded(call=offer.call))
    await doorbell.open_visit("visit-0001")
    await doorbell.hear(Confirmed)
    assert (await phone.ask("DELETE", f"/api/v1/live/{offer.call}")).status == 404


async def test_another_phone_cannot_touch_the_call(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    ben = SigningPhone(phone.url, phone.http)
    await doorbell.introduce(known_phone(phone.identity), known_phone(ben.identity, "Ben"))
    offer, _ = await call(doorbell, phone)
    path = f"/api/v1/live/{offer.call}"
    assert (await ben.ask("DELETE", path)).status == 404
    assert (await ben.ask("PATCH", path, b"a=ice-ufrag:abcd", FRAGMENT)).status == 404
    assert (await phone.ask("DELETE", path)).status == 200


async def test_two_phones_call_at_once(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    ben = SigningPhone(phone.url, phone.http)
    await doorbell.introduce(known_phone(phone.identity), known_phone(ben.identity, "Ben"))
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(
                each.ask("POST", live(doorbell), OFFER, SDP, {"Doorstep-Signature": f"by.{name}"})
            )
            for each, name in ((phone, "Anna"), (ben, "Ben"))
        ]
        offers = [await doorbell.hear(CallOffer), await doorbell.hear(CallOffer)]
        for offer in reversed(offers):
            await doorbell.say(CallAnswer(call=offer.call, sdp=f"for {offer.signature}"))
    assert [task.result().body for task in asked] == [b"for by.Anna", b"for by.Ben"]


async def test_the_doorbells_refusal_reaches_the_phone(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(place(doorbell, phone))
        offer = await doorbell.hear(CallOffer)
        refused = CallRefused(call=offer.call, status=503, detail="The camera has stopped.")
        await doorbell.say(refused)
    assert asking.result().problem.status == 503
    assert asking.result().problem.detail == "The camera has stopped."


async def test_no_answer_is_a_504_and_the_doorbell_is_told(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    reply = await place(doorbell, phone)
    assert (reply.status, reply.problem.title) == (504, "No answer")
    offer = await doorbell.hear(CallOffer)
    assert await doorbell.hear(CallHangUp) == CallHangUp(call=offer.call)
    await doorbell.say(CallAnswer(call=offer.call, sdp="too late"))
    assert await doorbell.hear(CallHangUp) == CallHangUp(call=offer.call)


async def test_a_doorbell_that_leaves_while_it_is_called(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(place(doorbell, phone))
        await doorbell.hear(CallOffer)
        assert doorbell.socket is not None
        await doorbell.socket.close()
    assert asking.result().status == 503
    away = await place(doorbell, phone)
    assert (away.status, away.headers["Retry-After"]) == (503, "5")
    assert "away since 20" in away.problem.detail


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (OFFER, "application/json", 415),
        (b"hello", SDP, 400),
        (b"v=0\r\n", SDP, 400),
        (b"v=0\r\nm=video 9 X 96\r\n", SDP, 400),
        (b"\xff\xfe", SDP, 400),
        (OFFER + b"a" * 65_536, SDP, 413),
    ],
)
async def test_a_bad_offer_never_reaches_the_doorbell(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    body: bytes,
    media_type: str,
    status: int,
) -> None:
    reply = await phone.ask("POST", live(doorbell), body, media_type, SIGNED)
    assert reply.status == reply.problem.status == status
    offer, _ = await call(doorbell, phone)
    assert offer.sdp.encode() == OFFER


async def test_calling_needs_the_right_and_a_known_doorbell(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    doorbell.phones = [known_phone(phone.identity, "Anna", "history")]
    async with doorbell.connected():
        reply = await place(doorbell, phone)
        assert (reply.status, reply.problem.title) == (403, "Not allowed")
    stranger = Identity.generate().id
    reply = await phone.ask("POST", f"/api/v1/doorbells/{stranger}/live", OFFER, SDP, SIGNED)
    assert reply.status == 404


async def test_options_say_what_can_be_sent(phone: SigningPhone) -> None:
    endpoint = await phone.send("OPTIONS", f"/api/v1/doorbells/{'a' * 26}/live")
    resource = await phone.send("OPTIONS", "/api/v1/live/abcdefgh")
    assert endpoint.status == resource.status == 204
    assert endpoint.headers["Accept-Post"] == SDP
    assert "PATCH" in resource.headers["Access-Control-Allow-Methods"]
    assert "Location" in endpoint.headers["Access-Control-Expose-Headers"]


def steps(**ms: int) -> tuple[Phase, ...]:
    return tuple(Phase.model_validate({"name": name, "ms": took}) for name, took in ms.items())


async def phase_counts(doorbell: ScriptedDoorbell, phone: SigningPhone) -> dict[str, float]:
    """Every count and sum of the phases, by label, once the server has read what was said."""
    await doorbell.say(State(state=LOCKED))
    await doorbell.ring("visit-nobody-opened")
    await doorbell.hear(Confirmed)
    text = (await phone.send("GET", "/metrics")).body.decode()
    found = [line.rsplit(" ", 1) for line in text.splitlines() if "call_phase_seconds_" in line]
    return {
        name.removeprefix("doorstep_call_phase_seconds_"): float(value)
        for name, value in found
        if "_bucket" not in name and "_created" not in name
    }


async def test_the_steps_of_a_call_are_counted_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, _ = await call(doorbell, phone)
    traced = CallTraced(
        call=offer.call, phone=steps(signal=20, total=90), doorbell=steps(gather=3, keyframe=30)
    )
    for _ in range(3):
        await doorbell.say(traced)
    counts = await phase_counts(doorbell, phone)
    assert counts['count{end="phone",phase="total"}'] == 1
    assert counts['sum{end="phone",phase="total"}'] == pytest.approx(0.09)
    assert counts['sum{end="doorbell",phase="gather"}'] == pytest.approx(0.003)
    assert len(counts) == 8


async def test_steps_of_unknown_calls_and_impossible_ones_are_not_counted(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.say(CallTraced(call="call-unknown", phone=steps(total=1), doorbell=()))
    offer, _ = await call(doorbell, phone)
    again = (*steps(gather=1), *steps(gather=2), *steps(total=3, frame=4, signal=5))
    await doorbell.say(CallTraced(call=offer.call, phone=steps(gather=9), doorbell=again))
    counts = await phase_counts(doorbell, phone)
    assert counts == {
        'count{end="doorbell",phase="gather"}': 1,
        'sum{end="doorbell",phase="gather"}': pytest.approx(0.001),
    }


async def test_a_call_that_is_over_is_not_traced(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, _ = await call(doorbell, phone)
    await doorbell.say(CallEnded(call=offer.call))
    await doorbell.say(CallTraced(call=offer.call, phone=steps(total=1), doorbell=()))
    assert await phase_counts(doorbell, phone) == {}
