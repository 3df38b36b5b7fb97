"""Previews and pictures that the server makes of clips, as phones see them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from cloud.app import Server
from cloud.recorder.ports import StillPictures
from cloud.shared.settings import Settings
from protocol.api import VisitEvent
from protocol.door import Clip, Preview
from protocol.link import Confirmed
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone
from tests.support.whole_server import serving_app

VISIT = "visit-0001"
PATH = f"/api/v1/visits/{VISIT}"
OPENED_MS = 1_700_000_010_000
STRIP, PICTURE = b"\xff\xd8\xff a strip \xff\xd9", b"\xff\xd8\xff a face \xff\xd9"
CLIP = Clip(starts_ms=OPENED_MS - 10_000, duration_ms=30_000, size_bytes=1000)
PREVIEW = Preview(tiles=30, every_ms=1000, width=160, height=90)
STILLS = StillPictures(CLIP.size_bytes, PREVIEW, STRIP, PICTURE)


Home = tuple[Server, ScriptedDoorbell, SigningPhone]


@pytest.fixture
async def home(settings: Settings, http: aiohttp.ClientSession) -> AsyncIterator[Home]:
    """A household whose visit has a clip and no picture yet."""
    server = Server(settings)
    async with serving_app(server) as url:
        phone = SigningPhone(url, http)
        bell = ScriptedDoorbell(url, http, phones=[known_phone(phone.identity)])
        async with bell.connected():
            await bell.open_visit(VISIT, at_ms=OPENED_MS)
            await bell.hear(Confirmed)
            await server.filing.clip_stored(bell.id, VISIT, CLIP)
            yield server, bell, phone


async def test_a_preview_is_told_and_served(home: Home) -> None:
    server, bell, phone = home
    assert (await phone.send("GET", phone.media_path(f"{PATH}/preview.jpg"))).status == 404
    assert await server.filing.moment(VISIT) == 10_000
    async with phone.events() as events:
        await events.next()
        await server.filing.stills_made(bell.id, VISIT, STILLS)
        told = [await events.next(), await events.next()]
    clips = [event for event in told if isinstance(event, VisitEvent)]
    assert [event.change for event in clips] == ["clip", "snapshot"]
    assert clips[0].visit.clip == CLIP.model_copy(update={"preview": PREVIEW})
    assert clips[1].visit.snapshot
    target = phone.media_path(f"{PATH}/preview.jpg")
    got = await phone.send("GET", target)
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, STRIP, "image/jpeg")
    fresh = await phone.send("GET", target, headers={"If-None-Match": got.headers["ETag"]})
    assert (fresh.status, fresh.body) == (304, b"")
    picture = await phone.send("GET", phone.media_path(f"{PATH}/snapshot.jpg"))
    assert picture.body == PICTURE


async def test_the_doorbells_own_picture_stays(home: Home) -> None:
    server, bell, phone = home
    own = b"\xff\xd8\xff\xe0 its own \xff\xd9"
    headers = {"Authorization": f"Bearer {bell.token('record')}", "Content-Type": "image/jpeg"}
    assert (await phone.send("PUT", f"{PATH}/snapshot", own, headers)).status == 204
    await server.filing.stills_made(bell.id, VISIT, STILLS)
    assert (await phone.send("GET", phone.media_path(f"{PATH}/snapshot.jpg"))).body == own


async def test_a_preview_of_an_older_clip_is_not_shown(home: Home) -> None:
    server, bell, phone = home
    longer = CLIP.model_copy(update={"size_bytes": 2000})
    await server.filing.clip_stored(bell.id, VISIT, longer)
    await server.filing.stills_made(bell.id, VISIT, STILLS)
    assert (await phone.ask("GET", PATH)).json["clip"]["preview"] is None


async def test_a_deleted_visit_loses_its_preview(home: Home) -> None:
    server, bell, phone = home
    await server.filing.stills_made(bell.id, VISIT, STILLS)
    assert (await phone.ask("DELETE", PATH)).status == 204
    await server.filing.stills_made(bell.id, VISIT, STILLS)
    for name in ("preview.jpg", "snapshot.jpg"):
        assert (await phone.send("GET", phone.media_path(f"{PATH}/{name}"))).status == 404
        assert await server.clips.head(f"{bell.id}/{VISIT}/{name}") is None


async def test_a_recording_that_nobody_announced_is_a_visit(home: Home) -> None:
    server, bell, phone = home
    visit = "recording-0123456789abcdef"
    await server.filing.recording_started(bell.id, visit, OPENED_MS)
    found = (await phone.ask("GET", f"/api/v1/visits/{visit}")).json
    assert (found["opened_ms"], found["closed_ms"]) == (OPENED_MS, None)
    await server.filing.clip_stored(bell.id, visit, CLIP)
    found = (await phone.ask("GET", f"/api/v1/visits/{visit}")).json
    assert (found["outcome"], found["closed_ms"]) == ("motion", CLIP.starts_ms + 30_000)


async def test_figures_of_recordings_are_shown(home: Home) -> None:
    server, _, phone = home
    server.metrics.recordings_ended.labels("flood").inc()
    text = (await phone.send("GET", "/metrics")).body.decode()
    for name in ("recordings", "recorded_bytes_total", "recording_gaps_total"):
        assert f"\ndoorstep_{name} 0" in text
    assert "\ndoorstep_recording_write_seconds_count 0" in text
    assert 'doorstep_recordings_ended_total{reason="flood"} 1' in text
