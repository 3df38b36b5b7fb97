"""Visits as phones read them: pages, rights, pictures, deletion."""

from __future__ import annotations

import pytest

from protocol.identity import Identity
from protocol.link import Confirmed
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
PATH = "/api/v1/visits"


def by(doorbell: ScriptedDoorbell, purpose: str = "record") -> dict[str, str]:
    token = doorbell.token(purpose)
    return {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}


async def visits(doorbell: ScriptedDoorbell, *ids: str) -> None:
    for number, visit in enumerate(ids):
        await doorbell.open_visit(visit, at_ms=1000 * number)
        await doorbell.hear(Confirmed)


async def test_pages_go_from_newest_to_oldest(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await visits(doorbell, *(f"visit-{n:04}" for n in range(5)))
    seen: list[str] = []
    target = f"{PATH}?limit=2"
    for _ in range(3):
        page = (await phone.ask("GET", target)).json
        seen += [item["id"] for item in page["items"]]
        target = f"{PATH}?limit=2&cursor={page['next']}"
    assert seen == [f"visit-{n:04}" for n in (4, 3, 2, 1, 0)]
    assert page["next"] is None


@pytest.mark.parametrize("query", ["cursor=%21", "cursor=YWJj", "limit=0", "limit=x", "limit=999"])
async def test_a_bad_page_is_a_problem(
    doorbell: ScriptedDoorbell, phone: SigningPhone, query: str
) -> None:
    reply = await phone.ask("GET", f"{PATH}?{query}")
    assert reply.problem.status in (400, 422)


async def test_a_visit_of_an_unknown_doorbell_is_unknown(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    stranger = Identity.generate().id
    assert (await phone.ask("GET", f"{PATH}?doorbell={stranger}")).problem.status == 404
    for path in ("visit-9999", "visit-9999/clip.mp4", "visit-9999/snapshot.jpg"):
        assert (await phone.ask("GET", f"{PATH}/{path}")).problem.status == 404


async def test_a_picture_is_kept_and_told(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    await visits(doorbell, "visit-0001")
    async with phone.events() as events:
        await events.next()
        put = await phone.send("PUT", f"{PATH}/visit-0001/snapshot", JPEG, by(doorbell))
        assert put.status == 204
        event = await events.next()
    assert event.type == "visit"
    assert (event.change, event.visit.snapshot) == ("snapshot", True)
    target = phone.media_path(f"{PATH}/visit-0001/snapshot.jpg")
    got = await phone.send("GET", target)
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, JPEG, "image/jpeg")
    fresh = await phone.send("GET", target, headers={"If-None-Match": got.headers["ETag"]})
    assert (fresh.status, fresh.body) == (304, b"")


async def test_a_picture_may_overtake_the_report_of_its_visit(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    put = await phone.send("PUT", f"{PATH}/visit-0001/snapshot", JPEG, by(doorbell))
    assert put.status == 204
    await doorbell.open_visit("visit-0001", at_ms=77)
    await doorbell.hear(Confirmed)
    visit = (await phone.ask("GET", f"{PATH}/visit-0001")).json
    assert (visit["snapshot"], visit["opened_ms"], visit["cause"]) == (True, 77, "press")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"GIF89a", {}, 400),
        (JPEG[:-2], {}, 400),
        (JPEG, {"Content-Type": "image/png"}, 415),
        (JPEG, {"Authorization": ""}, 401),
        (JPEG, {"Authorization": "Bearer x.y.z"}, 401),
        (b"\xff\xd8\xff" + b"x" * 2 * 1024 * 1024, {}, 413),
    ],
)
async def test_a_bad_picture_changes_nothing(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    await visits(doorbell, "visit-0001")
    path = f"{PATH}/visit-0001/snapshot"
    reply = await phone.send("PUT", path, body, {**by(doorbell), **headers})
    assert reply.status == reply.problem.status == status
    assert not (await phone.ask("GET", f"{PATH}/visit-0001")).json["snapshot"]


async def test_only_a_served_doorbell_sends_pictures(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    stranger = ScriptedDoorbell(doorbell.url, doorbell.http)
    for headers in (by(stranger), by(doorbell, "link")):
        reply = await phone.send("PUT", f"{PATH}/visit-0001/snapshot", JPEG, headers)
        assert reply.problem.status == 401


async def test_a_deleted_visit_stays_deleted(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await visits(doorbell, "visit-0001")
    snapshot = f"{PATH}/visit-0001/snapshot"
    await phone.send("PUT", snapshot, JPEG, by(doorbell))
    assert (await phone.ask("DELETE", f"{PATH}/visit-0001")).status == 204
    await doorbell.ring("visit-0001")
    await doorbell.hear(Confirmed)
    assert (await phone.send("PUT", snapshot, JPEG, by(doorbell))).status == 404
    assert (await phone.ask("GET", PATH)).json["items"] == []
    assert (await phone.ask("GET", f"{PATH}/visit-0001/snapshot.jpg")).status == 404


async def test_without_the_right_the_past_is_closed(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await visits(doorbell, "visit-0001")
    await doorbell.introduce(known_phone(phone.identity, "Ben", "view"))
    assert (await phone.ask("GET", PATH)).json["items"] == []
    assert (await phone.ask("GET", f"{PATH}?doorbell={doorbell.id}")).problem.status == 403
    assert (await phone.ask("DELETE", f"{PATH}/visit-0001")).problem.status == 403
    assert (await phone.ask("GET", f"{PATH}/visit-0001/clip.mp4")).problem.status == 403
    assert (await phone.ask("GET", f"{PATH}/visit-0001")).status == 200
