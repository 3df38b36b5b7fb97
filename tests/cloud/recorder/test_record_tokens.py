"""Other software records with a token of one doorbell; the server knows its hash alone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import aiohttp
import pytest

from cloud.app import Options, Server
from cloud.recorder.ports import OWN_VISIT
from cloud.shared.settings import Settings
from protocol.identity import Identity
from protocol.jws import hash_of
from protocol.link import RecordToken
from tests.support.foreign_encoders import stock_aiortc
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import Reply, SigningPhone
from tests.support.whole_server import serving_app

SDP = {"Content-Type": "application/sdp"}
LIMIT_S = 20.0


class House:
    """A served doorbell with one good record token and one that has expired."""

    def __init__(self, url: str, http: aiohttp.ClientSession, server: Server) -> None:
        self.server = server
        self.secret, self.expired = (secret() for _ in range(2))
        self.phone = SigningPhone(url, http)
        self.bell = ScriptedDoorbell(url, http, phones=[known_phone(self.phone.identity)])
        self.bell.tokens = (
            RecordToken(id="goodgood", hash=hash_of(self.secret)),
            RecordToken(id="latelate", hash=hash_of(self.expired), until_ms=1),
        )

    def endpoint(self, query: str = "", doorbell: str = "") -> str:
        return f"/api/v1/doorbells/{doorbell or self.bell.id}/recordings{query}"

    async def post(self, token: str, query: str = "", doorbell: str = "") -> Reply:
        """An offer that no recorder can take: 400 once the token was found good."""
        path = self.endpoint(query, doorbell)
        return await self.phone.send("POST", path, b"no SDP", {**bearer(token), **SDP})

    async def recorded(self) -> list[str]:
        """The visits that have a clip, once there is one."""
        async with asyncio.timeout(LIMIT_S):
            while not (found := await self._with_clip()):  # noqa: ASYNC110 - asked like a phone
                await asyncio.sleep(0.05)
        return found

    async def _with_clip(self) -> list[str]:
        items = (await self.phone.ask("GET", "/api/v1/visits")).json["items"]
        return [item["id"] for item in items if item["clip"]]


def secret() -> str:
    return f"dsr_goodgood_{secrets.token_urlsafe(32)}"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def house(settings: Settings, http: aiohttp.ClientSession) -> AsyncIterator[House]:
    server = Server(settings, Options())
    async with serving_app(server) as url:
        yield House(url, http, server)


async def test_another_encoder_records_while_the_doorbell_is_away(
    house: House, settings: Settings
) -> None:
    async with house.bell.connected():
        pass
    async with aiohttp.ClientSession(house.phone.url) as client:
        async with stock_aiortc(client, house.endpoint(), house.secret) as location:
            await asyncio.sleep(2)
            async with client.delete(location, headers=bearer(house.secret)) as ended:
                assert ended.status == 200
        [visit] = await house.recorded()
    assert visit.startswith(OWN_VISIT)
    files = [path for path in settings.state.directory.rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert hash_of(house.secret).encode() in kept
    assert house.secret.encode() not in kept


async def test_a_revoked_token_ends_what_it_records(house: House) -> None:
    async with house.bell.connected(), aiohttp.ClientSession(house.phone.url) as client:
        async with stock_aiortc(client, house.endpoint(), house.secret) as location:
            await asyncio.sleep(1)
            assert house.server.recorder.active == 1
            house.bell.tokens = house.bell.tokens[1:]
            await house.bell.tell_members()
            assert house.server.recorder.active == 0
            assert (await house.post(house.secret)).status == 401
            async with client.delete(location, headers=bearer(house.secret)) as late:
                assert late.status == 404
        assert len(await house.recorded()) == 1


async def test_only_the_right_token_at_the_right_place(house: House, gate_key: Identity) -> None:
    neighbour = ScriptedDoorbell(house.bell.url, house.bell.http, gate_key, "Gate")
    async with house.bell.connected(), neighbour.connected():
        assert (await house.post(house.secret)).problem.title == "Malformed offer"
        changed = house.secret[:-1] + ("a" if house.secret[-1] != "a" else "b")
        for token in (changed, house.secret + "a", house.secret.upper(), "dsr_", secret()):
            refused = await house.post(token)
            assert (refused.status, refused.problem.title) == (401, "Not signed in")
        assert "admin" in (await house.post(secret())).problem.detail
        elsewhere = await house.post(house.secret, doorbell=neighbour.id)
        assert elsewhere.status == 401
        expired = await house.post(house.expired)
        assert (expired.status, "expired" in expired.problem.detail) == (401, True)


async def test_a_token_in_the_address_is_none(house: House) -> None:
    async with house.bell.connected():
        path = house.endpoint(f"?token={house.secret}")
        refused = await house.phone.send("POST", path, b"no SDP", SDP)
        assert refused.status == 401


async def test_a_token_makes_visits_of_its_own_only(house: House) -> None:
    async with house.bell.connected():
        refused = await house.post(house.secret, "?visit=visit-0001")
        assert (refused.status, refused.problem.title) == (403, "Not allowed")
        own = await house.post(house.secret, f"?visit={OWN_VISIT}0001")
        assert own.status == 400
        assert (await house.post(house.bell.token("record"), "?visit=visit-0001")).status == 400


async def test_a_token_touches_only_what_it_opened(house: House) -> None:
    other = secret()
    house.bell.tokens = (*house.bell.tokens, RecordToken(id="otherone", hash=hash_of(other)))
    async with (
        house.bell.connected(),
        aiohttp.ClientSession(house.phone.url) as client,
        stock_aiortc(client, house.endpoint(), house.secret) as location,
    ):
        async with client.delete(location, headers=bearer(other)) as refused:
            assert refused.status == 404
        assert house.server.recorder.active == 1
        mine = bearer(house.bell.token("record"))
        async with client.delete(location, headers=mine) as ended:
            assert ended.status == 200


async def test_a_record_token_opens_nothing_else(house: House) -> None:
    async with house.bell.connected():
        for method, path in (
            ("GET", "/api/v1/doorbells"),
            ("GET", "/api/v1/visits"),
            ("GET", "/api/v1/events"),
            ("GET", "/api/v1/ice-servers"),
            ("PUT", "/api/v1/visits/visit-0001/snapshot"),
            ("POST", f"/api/v1/doorbells/{house.bell.id}/live"),
            ("POST", f"/api/v1/doorbells/{house.bell.id}/challenge"),
        ):
            reply = await house.phone.send(method, path, b"", bearer(house.secret))
            assert (path, reply.status) == (path, 401)
