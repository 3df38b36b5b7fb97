"""Two households at one server: what is one's is as unknown to the other as if it were not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from protocol.calls import SIGNATURE_HEADER
from protocol.door import Moment
from protocol.link import CallAnswer, CallEnded, CallOffer, Confirmed, VisitMoment
from tests.support.scripted_doorbell import ScriptedDoorbell
from tests.support.signing_phone import SigningPhone

OFFER = b"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JPEG = b"\xff\xd8\xff picture \xff\xd9"


@dataclass
class Home:
    """A household with a visit, its picture, and a call under way."""

    bell: ScriptedDoorbell
    phone: SigningPhone
    visit: str
    call: str = ""

    async def move_in(self) -> None:
        await self.bell.open_visit(self.visit)
        await self.bell.hear(Confirmed)
        path = f"/api/v1/visits/{self.visit}/snapshot"
        sent = {"Authorization": f"Bearer {self.bell.token('record')}"}
        headers = {**sent, "Content-Type": "image/jpeg"}
        assert (await self.phone.send("PUT", path, JPEG, headers)).status == 204
        live = f"/api/v1/doorbells/{self.bell.id}/live"
        async with asyncio.TaskGroup() as group:
            signed = {SIGNATURE_HEADER: "a.b.c"}
            asking = group.create_task(self.phone.ask("POST", live, OFFER, SDP, signed))
            offer = await self.bell.hear(CallOffer)
            await self.bell.say(CallAnswer(call=offer.call, sdp="v=0"))
        assert asking.result().status == 201
        self.call = offer.call


@pytest.fixture
async def front(doorbell: ScriptedDoorbell, phone: SigningPhone) -> Home:
    home = Home(doorbell, phone, "visit-front")
    await home.move_in()
    return home


@pytest.fixture
async def back(gate: ScriptedDoorbell, cara: SigningPhone) -> Home:
    home = Home(gate, cara, "visit-gate")
    await home.move_in()
    return home


async def test_the_neighbours_things_are_unknown(front: Home, back: Home) -> None:
    for who, whose in ((front, back), (back, front)):
        own = await who.phone.ask("GET", f"/api/v1/visits/{who.visit}/snapshot.jpg")
        assert (own.status, own.body) == (200, JPEG)
        for method, path, body, kind in (
            ("POST", f"/api/v1/doorbells/{whose.bell.id}/live", OFFER, SDP),
            ("POST", f"/api/v1/doorbells/{whose.bell.id}/challenge", b"", ""),
            ("GET", f"/api/v1/visits?doorbell={whose.bell.id}", b"", ""),
            ("GET", f"/api/v1/visits/{whose.visit}", b"", ""),
            ("DELETE", f"/api/v1/visits/{whose.visit}", b"", ""),
            ("GET", f"/api/v1/visits/{whose.visit}/clip.mp4", b"", ""),
            ("GET", f"/api/v1/visits/{whose.visit}/snapshot.jpg", b"", ""),
            ("GET", f"/api/v1/visits/{whose.visit}/preview.jpg", b"", ""),
            ("PATCH", f"/api/v1/live/{whose.call}", b"a=end-of-candidates\r\n", FRAGMENT),
            ("DELETE", f"/api/v1/live/{whose.call}", b"", ""),
        ):
            signed = {SIGNATURE_HEADER: "a.b.c"}
            reply = await who.phone.ask(method, path, body, kind, signed)
            assert (path, reply.status) == (path, 404)
        media = who.phone.media_path(f"/api/v1/visits/{whose.visit}/snapshot.jpg")
        assert (await who.phone.send("GET", media)).status == 404
        # All of it is still there for whom it belongs to.
        assert (await whose.phone.ask("GET", f"/api/v1/visits/{whose.visit}")).status == 200
        assert (await whose.phone.ask("DELETE", f"/api/v1/live/{whose.call}")).status == 200


async def test_lists_and_streams_hold_ones_own_only(front: Home, back: Home) -> None:
    for who in (front, back):
        listed = (await who.phone.ask("GET", "/api/v1/doorbells")).json["items"]
        assert [item["id"] for item in listed] == [who.bell.id]
        visits = (await who.phone.ask("GET", "/api/v1/visits")).json["items"]
        assert [item["id"] for item in visits] == [who.visit]
    async with front.phone.events() as events:
        first = await events.next()
        assert first.type == "doorbell"
        assert first.id == front.bell.id
        await back.bell.close_visit(back.visit, 9_000, "missed")
        await back.bell.hear(Confirmed)
        await front.bell.close_visit(front.visit, 9_000, "missed")
        heard = await events.next()
        assert heard.type == "visit"
        assert heard.visit.id == front.visit


async def test_a_doorbell_speaks_for_itself_only(front: Home, back: Home) -> None:
    """It cannot end, answer or picture what is another's, nor record for it."""
    await back.bell.say(CallEnded(call=front.call))
    chimed = Moment(at_ms=5, what="chimed", who="Cara")
    await back.bell.report(VisitMoment(visit=front.visit, moment=chimed))
    await back.bell.hear(Confirmed)
    token = {"Authorization": f"Bearer {back.bell.token('record')}"}
    for method, path, kind, status in (
        ("PUT", f"/api/v1/visits/{front.visit}/snapshot", "image/jpeg", 404),
        ("POST", f"/api/v1/doorbells/{front.bell.id}/recordings", SDP, 403),
    ):
        headers = {**token, "Content-Type": kind}
        assert (await back.phone.send(method, path, JPEG, headers)).status == status
    visit = (await front.phone.ask("GET", f"/api/v1/visits/{front.visit}")).json
    assert visit["moments"] == []
    assert (await front.phone.ask("DELETE", f"/api/v1/live/{front.call}")).status == 200
