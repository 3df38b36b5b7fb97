"""Every request is signed for itself, once; nothing answers without."""

from __future__ import annotations

import time
from typing import Any

import pytest

from protocol.identity import Identity
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone

DOORBELLS = "/api/v1/doorbells"
SUBSCRIPTIONS = "/api/v1/push/subscriptions"
# Whom these answer without a token, on purpose.
OPEN = {
    ("get", "/healthz"),
    ("get", "/metrics"),
    ("post", "/api/v1/pairing"),
    ("get", "/api/v1/push/key"),
}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_no_route_answers_a_stranger(phone: SigningPhone) -> None:
    openapi: dict[str, Any] = (await phone.send("GET", "/api/openapi.json")).json
    tried = 0
    for path, operations in openapi["paths"].items():
        target = path
        for name in ("doorbell", "visit", "call", "session_id"):
            target = target.replace(f"{{{name}}}", "a" * 26)
        for method in operations:
            if method == "options" or (method, path) in OPEN:
                continue
            reply = await phone.send(method.upper(), target)
            assert (method, path, reply.status) == (method, path, 401)
            assert reply.problem.detail
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
            tried += 1
    assert tried > 12


async def test_a_token_is_for_one_request(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    for token in (
        phone.token("POST", DOORBELLS),
        phone.token("GET", "/api/v1/visits"),
        phone.token("GET", f"{DOORBELLS}?x=1"),
        phone.identity.token("link", time.time()),
        phone.identity.token("media", time.time(), path=DOORBELLS),
        phone.identity.token("api", time.time(), 300, htm="GET", htu=DOORBELLS),
    ):
        assert (await phone.send("GET", DOORBELLS, headers=bearer(token))).problem.status == 401
    good = phone.token("GET", f"{DOORBELLS}?x=%20a%2Fb")
    reply = await phone.send("GET", f"{DOORBELLS}?x=%20a%2Fb", headers=bearer(good))
    assert reply.status == 200


async def test_a_token_is_for_one_body(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    signed = bearer(phone.token("POST", SUBSCRIPTIONS, b"{}"))
    json = {**signed, "Content-Type": "application/json"}
    assert (await phone.send("POST", SUBSCRIPTIONS, b'{"x":1}', json)).status == 401
    unsigned = bearer(phone.token("POST", SUBSCRIPTIONS))
    assert (await phone.send("POST", SUBSCRIPTIONS, b"{}", unsigned)).status == 401


async def test_a_change_counts_once(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    signed = bearer(phone.token("DELETE", SUBSCRIPTIONS))
    assert (await phone.send("DELETE", SUBSCRIPTIONS, headers=signed)).status == 204
    again = await phone.send("DELETE", SUBSCRIPTIONS, headers=signed)
    assert (again.status, again.problem.title) == (401, "Used before")


@pytest.mark.parametrize("wrong_s", [-3600, 3600])
async def test_a_wrong_clock_is_told_apart(
    doorbell: ScriptedDoorbell, phone: SigningPhone, wrong_s: float
) -> None:
    token = phone.token("GET", DOORBELLS, now_s=time.time() + wrong_s)
    reply = await phone.send("GET", DOORBELLS, headers=bearer(token))
    assert (reply.status, reply.problem.type) == (401, "/problems/clock")
    assert reply.headers["Date"]


async def test_anothers_signature_is_refused(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    """A stranger names a paired phone in the token's header, but signs with its own key."""
    stranger = SigningPhone(phone.url, phone.http, Identity.generate())
    stranger.identity.id = phone.id
    reply = await stranger.ask("GET", DOORBELLS)
    assert reply.status == 401
    assert reply.problem.detail == "The signature does not fit the statement."


@pytest.mark.parametrize(
    "header", ["", "Basic eDp5", "Bearer", "Bearer x.y.z", "Bearer " + "x" * 5000]
)
async def test_nonsense_is_refused(
    doorbell: ScriptedDoorbell, phone: SigningPhone, header: str
) -> None:
    reply = await phone.send("GET", DOORBELLS, headers={"Authorization": header})
    assert reply.problem.status == 401


async def test_a_doorbell_may_ask_for_ice_servers(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    for headers in (bearer(doorbell.token()), bearer(phone.token("GET", "/api/v1/ice-servers"))):
        reply = await phone.send("GET", "/api/v1/ice-servers", headers=headers)
        assert (reply.status, reply.json["ice_servers"]) == (200, [])
    record = bearer(doorbell.token("record"))
    assert (await phone.send("GET", "/api/v1/ice-servers", headers=record)).status == 401


async def test_the_list_says_what_this_phone_may(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.introduce(known_phone(phone.identity, "Ben", "view", "talk"))
    [item] = (await phone.ask("GET", DOORBELLS)).json["items"]
    assert item["me"] == {
        "id": phone.id,
        "name": "Ben",
        "rights": ["view", "talk"],
        "until_ms": None,
        "windows": [],
    }
    assert (item["name"], item["online"], item["state"]["lock"]) == ("Front door", True, "locked")
