"""Whoever the household takes out has lost everything within a second; a reset tells them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from cloud.app import Options, Server
from cloud.departures import Departures
from cloud.shared.settings import Settings
from protocol.calls import SIGNATURE_HEADER
from protocol.identity import Identity
from protocol.link import CallAnswer, CallHangUp, CallOffer, Confirmed
from tests.support.autopush import Autopush
from tests.support.scripted_doorbell import PATIENCE_S, ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone
from tests.support.told_phone import SUBSCRIPTIONS, ToldPhone
from tests.support.whole_server import serving_app

OFFER = b"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"
LOST_WITHIN_S = 1.0
FAREWELL = "This phone was taken out of the household of Front door. Pair it again at the door."
ABSCHIED = "Dieses Telefon wurde aus dem Haushalt von Front door genommen. An der Tür neu koppeln."


@pytest.fixture
async def service() -> AsyncIterator[Autopush]:
    async with Autopush() as running:
        yield running


@pytest.fixture
async def anna(phone: SigningPhone, doorbell: ScriptedDoorbell, service: Autopush) -> ToldPhone:
    told = ToldPhone(phone, service)
    await told.turn_on()
    return told


async def call(doorbell: ScriptedDoorbell, phone: SigningPhone) -> str:
    """A call that the doorbell has answered; its id."""
    path = f"/api/v1/doorbells/{doorbell.id}/live"
    signed = {SIGNATURE_HEADER: "a.b.c"}
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(phone.ask("POST", path, OFFER, "application/sdp", signed))
        offer = await doorbell.hear(CallOffer)
        await doorbell.say(CallAnswer(call=offer.call, sdp="v=0"))
    assert asking.result().status == 201
    return offer.call


async def test_a_phone_that_is_taken_out_loses_everything_at_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone, anna: ToldPhone
) -> None:
    await doorbell.open_visit("visit-0001")
    await doorbell.hear(Confirmed)
    rung = len(anna.pushed())
    media = phone.media_path("/api/v1/visits/visit-0001/snapshot.jpg")
    placed = await call(doorbell, phone)
    async with phone.events() as events:
        await events.next()
        began = time.monotonic()
        doorbell.phones = ()
        await doorbell.say(doorbell.members())
        assert await events.ends()
        assert time.monotonic() - began < LOST_WITHIN_S
    assert await doorbell.hear(CallHangUp) == CallHangUp(call=placed)
    for method, path in (
        ("GET", "/api/v1/doorbells"),
        ("GET", "/api/v1/visits"),
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/ice-servers"),
        ("GET", "/api/v1/visits/visit-0001"),
        ("DELETE", f"/api/v1/live/{placed}"),
        ("POST", f"/api/v1/doorbells/{doorbell.id}/challenge"),
        ("POST", "/api/v1/push/test"),
    ):
        refused = await phone.ask(method, path)
        assert (path, refused.status) == (path, 401)
        assert "Open a new pairing link" in refused.problem.detail
    assert (await phone.send("GET", media)).status == 401
    assert rung == len(anna.pushed())


async def test_a_phone_that_an_admin_took_out_hears_of_no_more_rings(
    doorbell: ScriptedDoorbell, phone: SigningPhone, anna: ToldPhone, service: Autopush
) -> None:
    ben = SigningPhone(phone.url, phone.http)
    other = ToldPhone(ben, service)
    await doorbell.introduce(known_phone(phone.identity), known_phone(ben.identity, "Ben"))
    await other.turn_on()
    await doorbell.introduce(known_phone(ben.identity, "Ben"))
    await doorbell.open_visit("visit-0001")
    await doorbell.ring("visit-0001")
    assert (await other.next_push()).data.change == "rang"
    assert anna.pushed() == []
    # Paired again, it has to turn notifications on again: the old address is not kept.
    await doorbell.introduce(known_phone(phone.identity), known_phone(ben.identity, "Ben"))
    assert (await phone.ask("POST", "/api/v1/push/test")).status == 409


@pytest.mark.parametrize(("language", "words"), [("en", FAREWELL), ("de", ABSCHIED)])
async def test_a_reset_tells_the_phones_that_it_takes_out(
    doorbell: ScriptedDoorbell, anna: ToldPhone, language: str, words: str
) -> None:
    await anna.turn_on(language)
    doorbell.phones, doorbell.forgotten = (), (anna.phone.id, Identity.generate().id)
    async with doorbell.connected():
        said = await anna.next_push()
        assert (said.body, said.lang) == (words, language)
        assert (said.data.change, said.silent, said.data.doorbell) == (
            "farewell",
            False,
            doorbell.id,
        )
        assert (await anna.phone.ask("GET", "/api/v1/doorbells")).status == 401
    # Its doorbell says so again until a welcome confirms it; nobody is told twice.
    async with doorbell.connected():
        await doorbell.introduce(known_phone(anna.phone.identity))
        assert (await anna.phone.ask("POST", "/api/v1/push/test")).status == 409
    assert len(anna.pushed()) == 1


async def test_another_households_phone_cannot_be_alarmed(
    doorbell: ScriptedDoorbell, anna: ToldPhone, gate: ScriptedDoorbell
) -> None:
    gate.forgotten = (anna.phone.id,)
    await gate.tell_members()
    assert (await anna.phone.ask("POST", "/api/v1/push/test")).status == 204
    assert [said.data.change for said in anna.pushed()] == ["test"]


async def test_a_phone_of_two_doorbells_keeps_the_other(
    doorbell: ScriptedDoorbell, anna: ToldPhone, gate: ScriptedDoorbell
) -> None:
    await gate.introduce(known_phone(anna.phone.identity))
    async with anna.phone.events() as events:
        for _ in ("Front door", "Gate"):
            await events.next()
        doorbell.phones, doorbell.forgotten = (), (anna.phone.id,)
        await doorbell.tell_members()
        assert (await anna.next_push()).data.change == "farewell"
        await gate.open_visit("visit-gate")
        heard = await events.next()
        assert heard.type == "visit"
        assert heard.visit.doorbell == gate.id
    items = (await anna.phone.ask("GET", "/api/v1/doorbells")).json["items"]
    assert [item["name"] for item in items] == ["Gate"]
    path = f"/api/v1/doorbells/{doorbell.id}/challenge"
    assert (await anna.phone.ask("POST", path)).status == 404
    assert (await anna.phone.ask("POST", "/api/v1/push/test")).status == 204


async def test_an_app_whose_rights_change_comes_back_to_look(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    ben = SigningPhone(phone.url, phone.http)
    other = known_phone(ben.identity, "Ben")
    await doorbell.introduce(known_phone(phone.identity), other)
    async with phone.events() as mine, ben.events() as his:
        for events in (mine, his):
            await events.next()
        await doorbell.introduce(known_phone(phone.identity, "Anna", "view"), other)
        assert await mine.ends()
        [item] = (await phone.ask("GET", "/api/v1/doorbells")).json["items"]
        assert item["me"]["rights"] == ["view"]
        await doorbell.open_visit("visit-0001")
        assert (await his.next()).type == "visit"


async def test_a_body_that_comes_late_comes_too_late(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    """A request that was signed and begun before the phone was taken out."""
    body, sent, begun = b'{"target": {}}', asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:5]
        sent.set()
        await begun.wait()
        yield body[5:]

    headers = {
        "Authorization": f"Bearer {phone.token('POST', SUBSCRIPTIONS, body)}",
        "Content-Type": "application/json",
    }
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(phone.send("POST", SUBSCRIPTIONS, slowly(), headers))
        await sent.wait()
        # Behind this answer the server has seen the other request's head, which came before.
        assert (await phone.ask("GET", "/api/v1/doorbells")).status == 200
        doorbell.phones = ()
        await doorbell.tell_members()
        begun.set()
    assert asking.result().status == 401
    assert "Open a new pairing link" in asking.result().problem.detail


async def test_a_stale_link_cannot_bring_a_phone_back(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    """What an old link still says after the doorbell came back on a new one does not count."""
    newer = ScriptedDoorbell(doorbell.url, doorbell.http, doorbell.identity)
    async with newer.connected():
        await doorbell.say(doorbell.members())
        await newer.ring("visit-nobody-opened")
        await newer.hear(Confirmed)
        assert (await phone.ask("GET", "/api/v1/doorbells")).status == 401
        assert (await doorbell.closing())[0] == 4409


@pytest.mark.parametrize("failures", [0, 3])
async def test_a_farewell_outlives_the_server_and_a_push_service_that_is_away(
    settings: Settings, http: aiohttp.ClientSession, service: Autopush, failures: int
) -> None:
    first = Server(settings, Options(push_over_http=True))
    async with serving_app(first) as url:
        anna = ToldPhone(SigningPhone(url, http), service)
        bell = ScriptedDoorbell(url, http, phones=[known_phone(anna.phone.identity)])
        async with bell.connected():
            await anna.turn_on()
    # The server dies just after it has written down who left.
    async with first.database:
        bell.phones, bell.forgotten = (), (anna.phone.id,)
        await first.roster.keep(bell.id, bell.members())
    service.answers.extend([(400, {})] * failures)
    second = Server(settings, Options(push_over_http=True))
    second.departures = Departures(
        second.roster, second.register, second.hub, second.calls, second.recorder,
        second.notifier, pause_s=0.01,
    )  # fmt: skip
    async with serving_app(second):
        assert (await anna.next_push(failures)).body == FAREWELL
        async with asyncio.timeout(PATIENCE_S):
            while await second.roster.farewells():  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.01)
            while await second.register.for_phone(anna.phone.id):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert len(anna.pushed()) == failures + 1


async def test_a_phone_that_is_back_before_it_was_told_is_not_told(
    settings: Settings, http: aiohttp.ClientSession, service: Autopush
) -> None:
    server = Server(settings, Options(push_over_http=True))
    async with serving_app(server) as url:
        anna = ToldPhone(SigningPhone(url, http), service)
        bell = ScriptedDoorbell(url, http, phones=[known_phone(anna.phone.identity)])
        async with bell.connected():
            await anna.turn_on()
        back = bell.members()
        bell.phones, bell.forgotten = (), (anna.phone.id,)
        await server.roster.keep(bell.id, bell.members())
        server.roster.exchange(bell.id, back)
        assert await server.roster.farewells()
        # What wakes it in life: the next members are on the disk.
        await server.departures.kept()
        async with asyncio.timeout(PATIENCE_S):
            while await server.roster.farewells():  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.01)
    assert anna.pushed() == []


async def test_members_with_impossible_ids_end_the_link(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    twice = (known_phone(phone.identity), known_phone(phone.identity, "Again"))
    await doorbell.say(doorbell.members().model_copy(update={"phones": twice}))
    code, reason = await doorbell.closing()
    assert (code, reason) == (4400, "members: an id stands twice.")
    assert (await phone.ask("GET", "/api/v1/doorbells")).status == 200
