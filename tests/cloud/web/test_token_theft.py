"""Whoever steals a token can do with it what it was for, for a minute, and nothing else."""

from __future__ import annotations

import json
import time
from typing import Any

import aiohttp
import pytest

from protocol import jws
from protocol.identity import AUDIENCES, Identity, Purpose
from protocol.link import Confirmed
from tests.support.scripted_doorbell import ScriptedDoorbell
from tests.support.signing_phone import SigningPhone

DOORBELLS = "/api/v1/doorbells"
SUBSCRIPTIONS = "/api/v1/push/subscriptions"
VISIT = "visit-0001"
PURPOSES: tuple[Purpose, ...] = ("link", "record", "api", "media")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def forged(identity: Identity, purpose: Purpose, changes: dict[str, Any] | None = None) -> str:
    """A token with these claims instead of the usual ones; None leaves one out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": identity.id, "aud": AUDIENCES[purpose], "purpose": purpose, "iat": now,
        "exp": now + 60, "jti": "j" * 16, **(changes or {}),
    }  # fmt: skip
    said = json.dumps({name: value for name, value in claims.items() if value is not None})
    return jws.seal_claims(identity, "JWT", said.encode(), {"spki": identity.public.text})


def doors(doorbell: ScriptedDoorbell) -> dict[Purpose, tuple[str, str]]:
    """A request that each purpose's tokens open."""
    return {
        "link": ("GET", "/api/v1/ice-servers"),
        "record": ("POST", f"{DOORBELLS}/{doorbell.id}/recordings"),
        "api": ("GET", DOORBELLS),
        "media": ("GET", f"/api/v1/visits/{VISIT}/snapshot.jpg"),
    }


def tokens_of(identity: Identity, method: str, path: str) -> dict[Purpose, str]:
    """One of each purpose, bound to this request where it can be."""
    now = time.time()
    return {
        "link": identity.token("link", now),
        "record": identity.token("record", now),
        "api": identity.token("api", now, htm=method, htu=path),
        "media": identity.token("media", now, path=path),
    }


@pytest.mark.parametrize("at", PURPOSES)
async def test_a_doorbells_tokens_open_their_own_door_only(
    doorbell: ScriptedDoorbell, phone: SigningPhone, at: Purpose
) -> None:
    method, path = doors(doorbell)[at]
    for purpose, token in tokens_of(doorbell.identity, method, path).items():
        status = (await phone.send(method, path, headers=bearer(token))).status
        # Only a doorbell's own purposes; 415 is what the recorder says to an empty request.
        opens = purpose == at and at in ("link", "record")
        assert (purpose, status in (200, 415)) == (purpose, opens)
        if not opens:
            assert status == 401


@pytest.mark.parametrize("at", PURPOSES)
async def test_a_phones_tokens_open_their_own_door_only(
    doorbell: ScriptedDoorbell, phone: SigningPhone, at: Purpose
) -> None:
    await doorbell.open_visit(VISIT)
    await doorbell.hear(Confirmed)
    method, path = doors(doorbell)[at]
    for purpose, token in tokens_of(phone.identity, method, path).items():
        status = (await phone.send(method, path, headers=bearer(token))).status
        opens = purpose == "api" and at != "record"
        assert (purpose, status != 401) == (purpose, opens)


async def test_a_phone_opens_no_link_and_a_doorbells_other_tokens_neither(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    thief = ScriptedDoorbell(doorbell.url, doorbell.http, doorbell.identity)
    stolen = tokens_of(doorbell.identity, "GET", "/api/v1/link")
    for token in [value for name, value in stolen.items() if name != "link"]:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await thief.dial(token)
        assert refused.value.status == 401
    impostor = ScriptedDoorbell(doorbell.url, doorbell.http, phone.identity)
    impostor.socket = await impostor.dial()
    await impostor.say(impostor.hello().model_copy(update={"device_id": doorbell.id}))
    assert (await impostor.closing())[0] == 4400
    await doorbell.open_visit(VISIT)
    await doorbell.hear(Confirmed)


async def test_a_link_token_opens_a_link_once(doorbell: ScriptedDoorbell) -> None:
    """Whoever reads it on the way cannot push the doorbell off its link."""
    stolen = doorbell.token()
    async with ScriptedDoorbell(doorbell.url, doorbell.http, doorbell.identity).connected():
        pass
    used = await doorbell.dial(stolen)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await doorbell.dial(stolen)
    assert refused.value.status == 401
    await used.close()


async def test_a_media_token_is_for_one_path(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    await doorbell.open_visit(VISIT)
    await doorbell.hear(Confirmed)
    mine = f"/api/v1/visits/{VISIT}/snapshot.jpg"
    token = phone.media_path(mine).partition("?")[2]
    # The picture is not there; what counts is that the token was taken.
    assert (await phone.send("GET", f"{mine}?{token}")).problem.title == "No picture"
    for other in (
        f"/api/v1/visits/{VISIT}/clip.mp4",
        f"/api/v1/visits/{VISIT}/preview.jpg",
        "/api/v1/visits/visit-0002/snapshot.jpg",
        "/api/v1/visits/%76isit-0001/snapshot.jpg",
        f"/api/v1/visits/{VISIT}/snapshot.jpg/",
    ):
        assert (await phone.send("GET", f"{other}?{token}")).status in (401, 404)
        assert (await phone.send("GET", f"{other}?{token}")).problem.title != "No picture"


async def test_a_request_token_is_for_one_request(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    placing = phone.token("POST", f"{DOORBELLS}/{doorbell.id}/challenge")
    for method, path in (
        ("GET", DOORBELLS),
        ("POST", f"{DOORBELLS}/{doorbell.id}/live"),
        ("POST", f"{DOORBELLS}/{Identity.generate().id}/challenge"),
        ("DELETE", SUBSCRIPTIONS),
    ):
        reply = await phone.send(method, path, headers=bearer(placing))
        assert (reply.status, reply.problem.detail) == (
            401,
            "The token was signed for another request.",
        )


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_what_changes_something_counts_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone, method: str
) -> None:
    path = "/api/v1/live/call-unknown" if method != "POST" else "/api/v1/push/test"
    signed = bearer(phone.token(method, path))
    first = await phone.send(method, path, headers=signed)
    assert first.status in (404, 409)
    again = await phone.send(method, path, headers=signed)
    assert (again.status, again.problem.title) == (401, "Used before")


@pytest.mark.parametrize(
    ("changes", "clock"),
    [
        ({"iat": -600, "exp": -540}, True),
        ({"iat": 180, "exp": 240}, True),
        ({"exp": 61}, False),
        ({"exp": 3600}, False),
        ({"exp": 10**12}, False),
        ({"iat": None}, False),
        ({"exp": None}, False),
        ({"iat": True}, False),
        ({"exp": "soon"}, False),
        ({"exp": 60.5}, False),
        ({"jti": None}, False),
        ({"jti": 5}, False),
        ({"iss": "a" * 26}, False),
        ({"iss": None}, False),
        ({"aud": None}, False),
        ({"aud": list(AUDIENCES.values())}, False),
        ({"aud": "doorstep-recorder"}, False),
        ({"purpose": "record"}, False),
        ({"purpose": None}, False),
    ],
)
@pytest.mark.parametrize("purpose", ["link", "api"])
async def test_a_token_with_other_claims_is_refused(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    changes: dict[str, Any],
    clock: bool,
    purpose: Purpose,
) -> None:
    now = int(time.time())
    moved = {
        name: now + value if name in ("iat", "exp") and type(value) in (int, float) else value
        for name, value in changes.items()
    }
    path = "/api/v1/ice-servers"
    identity = doorbell.identity if purpose == "link" else phone.identity
    bound = {"htm": "GET", "htu": path} if purpose == "api" else {}
    good = forged(identity, purpose, bound)
    assert (await phone.send("GET", path, headers=bearer(good))).status == 200
    bad = forged(identity, purpose, {**bound, "iat": now, **moved})
    refused = await phone.send("GET", path, headers=bearer(bad))
    assert refused.status == 401
    assert (refused.problem.type == "/problems/clock") == clock
    assert refused.problem.detail


async def test_a_key_that_is_not_the_doorbells_names_it_in_vain(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    """A stranger's key under the doorbell's id, and the doorbell's key under a stranger's sign."""
    thief = Identity.generate()
    thief.id = doorbell.id
    path = f"{DOORBELLS}/{doorbell.id}/recordings"
    assert (await phone.send("POST", path, headers=bearer(forged(thief, "record")))).status == 401
    thief.public = doorbell.identity.public
    refused = await phone.send("POST", path, headers=bearer(forged(thief, "record")))
    assert (refused.status, refused.problem.detail) == (
        401,
        "The signature does not fit the statement.",
    )


async def test_a_doorbell_that_is_not_served_gets_nothing(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    """Anybody can make a key: without this, relaying would be free for all."""
    stranger = Identity.generate()
    for method, path, purpose in (
        ("GET", "/api/v1/ice-servers", "link"),
        ("POST", f"{DOORBELLS}/{stranger.id}/recordings", "record"),
        ("POST", f"{DOORBELLS}/{doorbell.id}/recordings", "record"),
        ("PUT", f"/api/v1/visits/{VISIT}/snapshot", "record"),
    ):
        token = forged(stranger, "link" if purpose == "link" else "record")
        refused = await phone.send(method, path, headers=bearer(token))
        assert (path, refused.status) == (path, 401)
