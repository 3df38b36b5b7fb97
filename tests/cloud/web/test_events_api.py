"""The stream of events: at once, resumable, and only what the phone may see."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import aiohttp
import pytest

from cloud.shared.settings import Settings
from protocol.api import VisitEvent
from protocol.link import Confirmed
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import EventReader, SigningPhone
from tests.support.whole_server import serving


async def visit_event(events: EventReader) -> VisitEvent:
    while True:
        event = await events.next()
        if isinstance(event, VisitEvent):
            return event


async def test_a_visit_is_told_step_by_step(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with phone.events() as events:
        await doorbell.open_visit("visit-0001", cause="motion")
        await doorbell.ring("visit-0001", 2_000)
        await doorbell.close_visit("visit-0001", 9_000, "missed")
        told = [await visit_event(events) for _ in range(3)]
    assert [event.change for event in told] == ["opened", "rang", "closed"]
    assert [event.visit.rang_ms for event in told] == [None, 2_000, 2_000]
    assert told[2].visit.outcome == "missed"


async def test_a_visit_that_opens_by_a_press_rings_at_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with phone.events() as events:
        await doorbell.open_visit("visit-0001", at_ms=1_000)
        told = await visit_event(events)
    assert (told.change, told.visit.rang_ms) == ("opened", 1_000)


async def test_what_was_missed_comes_again(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    async with phone.events() as events:
        await doorbell.open_visit("visit-0001")
        await visit_event(events)
        last_id = events.last_id
    await doorbell.ring("visit-0001")
    await doorbell.close_visit("visit-0001", 9_000, "motion")
    async with phone.events(last_id) as events:
        told = [await visit_event(events), await visit_event(events)]
    assert [event.change for event in told] == ["rang", "closed"]


@pytest.mark.parametrize("last_id", ["nonsense", "0-1", "-", "ffffffff-99999999999999999999"])
async def test_an_unknown_place_means_how_things_stand(
    doorbell: ScriptedDoorbell, phone: SigningPhone, last_id: str
) -> None:
    await doorbell.open_visit("visit-0001")
    await doorbell.hear(Confirmed)
    async with phone.events(last_id) as events:
        first, second = await events.next(), await events.next()
    assert first.type == "doorbell"
    assert first.online
    assert isinstance(second, VisitEvent)
    assert second.visit.id == "visit-0001"


async def test_another_households_phone_hears_nothing(
    settings: Settings, http: aiohttp.ClientSession
) -> None:
    ours, theirs = ScriptedDoorbell("", http), ScriptedDoorbell("", http)
    allowed = settings.doorbells.model_copy(update={"allowed": (ours.id, theirs.id)})
    async with serving(settings.model_copy(update={"doorbells": allowed})) as url:
        anna, ben = SigningPhone(url, http), SigningPhone(url, http)
        ours.url = theirs.url = url
        ours.phones, theirs.phones = [known_phone(anna.identity)], [known_phone(ben.identity)]
        async with ours.connected(), theirs.connected(), ben.events() as events:
            await ours.open_visit("visit-ours")
            await ours.hear(Confirmed)
            await theirs.open_visit("visit-theirs")
            assert (await visit_event(events)).visit.id == "visit-theirs"
            assert (await ben.ask("GET", "/api/v1/visits/visit-ours")).status == 404


async def test_a_phone_may_listen_in_some_tabs_only(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    target = "/api/v1/events"
    streams = []
    for _ in range(8):
        headers = {"Authorization": f"Bearer {phone.token('GET', target)}"}
        streams.append(await phone.http.get(phone.url + target, headers=headers))
    assert (await phone.ask("GET", target)).problem.status == 429
    for stream in streams:
        stream.close()


async def test_a_server_that_stops_ends_the_stream(
    settings: Settings, http: aiohttp.ClientSession
) -> None:
    life = AsyncExitStack()
    async with serving(settings) as url:
        phone = SigningPhone(url, http)
        bell = ScriptedDoorbell(url, http, phones=[known_phone(phone.identity)])
        await life.enter_async_context(bell.connected())
        events = await life.enter_async_context(phone.events())
        began = time.monotonic()
    assert await events.ends()
    assert (await bell.closing())[0] == 1012
    # Cut connections would have been waited for.
    assert time.monotonic() - began < 4
    await life.aclose()


async def test_a_visit_survives_the_server(settings: Settings, http: aiohttp.ClientSession) -> None:
    """The server goes in the middle of a visit; the doorbell says again what was not confirmed."""
    bell = ScriptedDoorbell("", http)
    phone = SigningPhone("", http)
    bell.phones = [known_phone(phone.identity)]
    async with serving(settings) as bell.url, bell.connected():
        await bell.open_visit("visit-0001")
        await bell.hear(Confirmed)
    async with serving(settings) as url:
        bell.url = phone.url = url
        [left_open] = (await phone.ask("GET", "/api/v1/visits")).json["items"]
        assert left_open["closed_ms"] is None
        async with bell.connected():
            await bell.ring("visit-0001")
            await bell.hear(Confirmed)
        [visit] = (await phone.ask("GET", "/api/v1/visits")).json["items"]
        assert visit["rang_ms"] == 1_000
