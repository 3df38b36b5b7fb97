"""The doorbell's link: reports that count once, and every way to be refused."""

from __future__ import annotations

import time

import aiohttp
import pytest

from protocol.door import Moment
from protocol.identity import Identity
from protocol.link import Confirmed, Refused, State, VisitMoment
from tests.support.scripted_doorbell import LOCKED, ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone

VISIT = "visit-0001"


async def test_reports_are_confirmed_and_listed(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.open_visit(VISIT, cause="motion")
    assert await doorbell.hear(Confirmed) == Confirmed(epoch=doorbell.epoch, sequence=1)
    await doorbell.ring(VISIT, at_ms=2_000)
    assert (await doorbell.hear(Confirmed)).sequence == 2
    await doorbell.close_visit(VISIT, 9_000, "missed")
    assert (await doorbell.hear(Confirmed)).sequence == 3

    [visit] = (await phone.ask("GET", "/api/v1/visits")).json["items"]
    assert (visit["id"], visit["rang_ms"], visit["closed_ms"]) == (VISIT, 2_000, 9_000)
    assert visit["outcome"] == "missed"
    assert [moment["what"] for moment in visit["moments"]] == ["rang"]


async def test_a_report_that_comes_again_counts_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.open_visit(VISIT)
    await doorbell.hear(Confirmed)
    moment = VisitMoment(visit=VISIT, moment=Moment(at_ms=5, what="chimed", who="Anna"))
    again = await doorbell.report(moment)
    await doorbell.say(again)
    assert (await doorbell.hear(Confirmed)).sequence == 2
    assert (await doorbell.hear(Confirmed)).sequence == 2
    [visit] = (await phone.ask("GET", "/api/v1/visits")).json["items"]
    assert len(visit["moments"]) == 1


async def test_the_same_doorbell_again_replaces_its_old_link(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    newer = ScriptedDoorbell(doorbell.url, doorbell.http, doorbell.identity)
    newer.phones = doorbell.phones
    async with newer.connected():
        code, reason = await doorbell.closing()
        assert code == 4409
        assert "again" in reason
        [item] = (await phone.ask("GET", "/api/v1/doorbells")).json["items"]
        assert item["online"]


async def test_a_second_doorbell_is_refused_in_a_sentence(doorbell: ScriptedDoorbell) -> None:
    stranger = ScriptedDoorbell(doorbell.url, doorbell.http)
    stranger.socket = await stranger.dial()
    await stranger.say(stranger.hello())
    refused = await stranger.hear(Refused)
    assert stranger.id in refused.detail
    assert (await stranger.closing())[0] == 4403
    await doorbell.open_visit(VISIT)
    await doorbell.hear(Confirmed)


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        '{"type":"nonsense"}',
        '{"type":"report","epoch":"life-0001","sequence":0,"what":{}}',
        '{"type":"state","state":{"lock":"ajar","light":"off"}}',
    ],
)
async def test_a_malformed_frame_ends_the_link_with_a_reason(
    doorbell: ScriptedDoorbell, phone: SigningPhone, frame: str
) -> None:
    assert doorbell.socket is not None
    await doorbell.socket.send_str(frame)
    code, reason = await doorbell.closing()
    assert code == 4400
    assert reason
    assert (await phone.ask("GET", "/api/v1/visits")).json["items"] == []
    async with doorbell.connected():
        await doorbell.open_visit(VISIT)
        await doorbell.hear(Confirmed)


async def test_binary_frames_are_refused(doorbell: ScriptedDoorbell) -> None:
    assert doorbell.socket is not None
    await doorbell.socket.send_bytes(b"\x00\x01")
    assert (await doorbell.closing())[0] == 1003


async def test_an_oversize_frame_ends_the_link(doorbell: ScriptedDoorbell) -> None:
    assert doorbell.socket is not None
    await doorbell.socket.send_str(" " * (256 * 1024 + 1))
    assert (await doorbell.closing())[0] == 1009
    async with doorbell.connected():
        pass


@pytest.mark.parametrize("first", ['{"type":"state","state":{"lock":"locked","light":"off"}}', "x"])
async def test_the_first_frame_must_be_a_hello(
    url: str, http: aiohttp.ClientSession, first: str
) -> None:
    bell = ScriptedDoorbell(url, http)
    bell.socket = await bell.dial()
    await bell.socket.send_str(first)
    assert (await bell.closing())[0] == 4400


async def test_a_hello_must_name_the_doorbell_of_its_token(
    url: str, http: aiohttp.ClientSession
) -> None:
    bell = ScriptedDoorbell(url, http)
    bell.socket = await bell.dial()
    await bell.say(bell.hello().model_copy(update={"device_id": Identity.generate().id}))
    assert (await bell.closing())[0] == 4400


async def test_a_phone_whose_id_is_not_its_keys_is_refused(
    url: str, http: aiohttp.ClientSession
) -> None:
    known = known_phone(Identity.generate())
    other = known.model_copy(update={"public_key": Identity.generate().public.text})
    bell = ScriptedDoorbell(url, http, phones=[other])
    bell.socket = await bell.dial()
    await bell.say(bell.hello())
    assert (await bell.closing())[0] == 4400


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000])
async def test_a_bad_token_is_answered_by_a_problem(
    url: str, http: aiohttp.ClientSession, token: str
) -> None:
    bell = ScriptedDoorbell(url, http)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await bell.dial(token or " ")
    assert refused.value.status == 401
    assert refused.value.headers is not None
    assert refused.value.headers["Content-Type"] == "application/problem+json"


async def test_a_token_for_another_purpose_is_refused(
    url: str, http: aiohttp.ClientSession
) -> None:
    bell = ScriptedDoorbell(url, http)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await bell.dial(bell.token("record"))
    assert refused.value.status == 401


async def test_a_wrong_clock_is_told_apart(phone: SigningPhone) -> None:
    bell = ScriptedDoorbell(phone.url, phone.http)
    old = bell.token(now_s=time.time() - 3600)
    headers = {
        "Authorization": f"Bearer {old}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    reply = await phone.send("GET", "/api/v1/link", headers=headers)
    assert reply.status == 401
    assert reply.problem.type == "/problems/clock"


async def test_another_doorbells_visit_stays_as_it_is(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    """A moment of a visit that nobody opened changes nothing, and is confirmed all the same."""
    await doorbell.ring("visit-unknown")
    await doorbell.hear(Confirmed)
    assert (await phone.ask("GET", "/api/v1/visits")).json["items"] == []


async def test_state_and_presence_reach_the_phone(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with phone.events() as events:
        first = await events.next()
        assert (first.type, first.id if first.type == "doorbell" else "") == (
            "doorbell",
            doorbell.id,
        )
        await doorbell.say(State(state=LOCKED.model_copy(update={"light": "on"})))
        changed = await events.next()
        assert changed.type == "doorbell"
        assert changed.state is not None
        assert changed.state.light == "on"
        assert doorbell.socket is not None
        await doorbell.socket.close()
        gone = await events.next()
        assert gone.type == "doorbell"
        assert not gone.online


async def test_a_phone_that_the_hello_drops_has_lost_its_access(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    assert (await phone.ask("GET", "/api/v1/doorbells")).status == 200
    doorbell.phones = ()
    async with doorbell.connected():
        reply = await phone.ask("GET", "/api/v1/doorbells")
        assert reply.status == 401
        assert "pairing" in reply.problem.detail


async def test_a_hello_may_be_said_again(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    async with phone.events() as events:
        await events.next()
        doorbell.name = "Side door"
        await doorbell.say(doorbell.hello())
        renamed = await events.next()
        assert renamed.type == "doorbell"
        assert renamed.name == "Side door"
    doorbell.phones = ()
    await doorbell.say(doorbell.hello())
    await doorbell.ring("visit-nobody-opened")
    await doorbell.hear(Confirmed)
    assert (await phone.ask("GET", "/api/v1/doorbells")).status == 401


@pytest.mark.parametrize("again", ["hello", "members"])
async def test_what_is_said_later_is_checked_as_the_first_word_was(
    doorbell: ScriptedDoorbell, phone: SigningPhone, again: str
) -> None:
    known = known_phone(Identity.generate())
    other = known.model_copy(update={"public_key": phone.identity.public.text})
    doorbell.phones = (other,)
    await doorbell.say(doorbell.hello() if again == "hello" else doorbell.members())
    assert (await doorbell.closing())[0] == 4400
    assert (await phone.ask("GET", "/api/v1/doorbells")).status == 200
