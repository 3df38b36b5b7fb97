"""A paired phone and a served doorbell gone mad: every route refuses, and the server goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloud.shared.settings import Rates, Settings
from protocol.link import Confirmed
from tests.support.scripted_doorbell import ScriptedDoorbell
from tests.support.signing_phone import Reply, SigningPhone

VISIT = "visit-0001"
PARTS = ("doorbell", "visit", "call", "session_id")
IDS = ("a" * 26, "%00", "..%2f..%2fetc%2fpasswd", "%0d%0aX-Injected:%201", "a" * 4000)
QUERIES = ("limit=99999999999999999999", "before=%00", "answers=%ff", "visit=..%2f", "x" * 5000)
# Cut short, too deep, not text, not allowed in text, and SDP that stops half-way.
BODIES = (
    b"{",
    b'{"a":' * 5_000,
    b"\xff\xfe",
    b'{"kind":"webpush","endpoint":"https://\\ud800/","p256dh":"\\u0000"}',
    b"v=0\r\nm=video x\r\na=ice-ufrag:\r\n",
)
JSON, SDP, FRAGMENT, JPEG = (
    "application/json", "application/sdp", "application/trickle-ice-sdpfrag", "image/jpeg"
)  # fmt: skip
# What a stranger to the open stream of events would wait for.
ENDLESS = "/api/v1/events"

Request = tuple[str, str, bytes, str]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without limits on their number, so that each request gets as far as it can."""
    return settings.model_copy(update={"rates": Rates(factor=0)})


def filled(path: str, part: str) -> str:
    for name in PARTS:
        path = path.replace(f"{{{name}}}", part)
    return path


def hostile(paths: dict[str, Any]) -> Iterator[Request]:
    """Method, target, body and media type of every attempt."""
    for path, operations in paths.items():
        for method in set(operations) - {"options"}:
            if path == ENDLESS:
                continue
            for part in IDS if "{" in path else ():
                yield method.upper(), filled(path, part), b"", ""
            target = filled(path, IDS[0])
            if method == "get":
                for query in QUERIES:
                    yield method.upper(), f"{target}?{query}", b"", ""
            if method in ("post", "put", "patch"):
                for body in BODIES:
                    for media_type in (JSON, SDP, FRAGMENT, JPEG):
                        yield method.upper(), target, body, media_type


def complaint(request: Request, reply: Reply) -> str | None:
    """What is wrong with an answer; None for one that is as it should be."""
    method, target, body, media_type = request
    name = f"{method} {target[:60]} {body[:20]!r} {media_type}: {reply.status}"
    if reply.status >= 500:
        return name
    if reply.status >= 400 and not reply.problem.detail:
        return f"{name} without a word"
    return None


async def test_nothing_hostile_is_more_than_a_problem(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.open_visit(VISIT)
    await doorbell.hear(Confirmed)
    openapi: dict[str, Any] = (await phone.send("GET", "/api/openapi.json")).json
    before = (await phone.ask("GET", "/api/v1/visits")).json["items"]
    refused = 0
    complaints: list[str] = []
    for request in hostile(openapi["paths"]):
        method, target, body, media_type = request
        signed = await phone.ask(method, target, body, media_type)
        record = {"Authorization": f"Bearer {doorbell.token('record')}"}
        headers = {**record, **({"Content-Type": media_type} if body else {})}
        for reply in (signed, await phone.send(method, target, body, headers)):
            refused += reply.status >= 400
            complaints += filter(None, [complaint(request, reply)])
    assert complaints == []
    assert refused > 100
    assert (await phone.ask("GET", "/api/v1/visits")).json["items"] == before
    await doorbell.close_visit(VISIT, 9_000, "missed")
    await doorbell.hear(Confirmed)
