"""Other sites' pages, other servers' names, and proxies that nobody trusts."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from cloud.app import Options
from cloud.shared.settings import Http, Rates, Settings
from tests.support.scripted_doorbell import ScriptedDoorbell
from tests.support.signing_phone import SigningPhone
from tests.support.whole_server import serving

FOREIGN = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
           {"Origin": "https://evil.example"}, {"Origin": "null"})  # fmt: skip
PUBLIC = "https://door.example.org"
OPEN = (
    "/api/v1/doorbells/{doorbell}/live",
    "/api/v1/live/{call}",
    "/api/v1/doorbells/{doorbell}/recordings",
    "/api/v1/recordings/{session_id}",
)
PREFLIGHT = {
    "Origin": "https://evil.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rates": Rates(factor=0)})


def with_http(settings: Settings, **changes: Any) -> Settings:
    http = Http(**{**settings.http.model_dump(), **changes})
    return settings.model_copy(update={"http": http})


async def paths_of(phone: SigningPhone) -> dict[str, Any]:
    paths: dict[str, Any] = (await phone.send("GET", "/api/openapi.json")).json["paths"]
    return paths


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_sites_page_changes_nothing(
    phone: SigningPhone, headers: dict[str, str]
) -> None:
    tried = 0
    for path, operations in (await paths_of(phone)).items():
        if path in OPEN:
            continue
        for method in set(operations) & {"post", "put", "patch", "delete"}:
            reply = await phone.send(method.upper(), path, headers=headers)
            assert (path, reply.problem.status, reply.problem.title) == (path, 403, "Another site")
            tried += 1
    assert tried > 3


async def test_the_apps_own_page_is_at_home(phone: SigningPhone) -> None:
    own = {"Origin": phone.url, "Sec-Fetch-Site": "same-origin"}
    for headers in (own, {"Origin": phone.url}, {"Sec-Fetch-Site": "none"}, {}):
        reply = await phone.send("POST", "/api/v1/pairing", headers=headers)
        assert reply.problem.status == 415


async def test_players_in_other_pages_may_try_and_read_why_not(phone: SigningPhone) -> None:
    target = f"/api/v1/doorbells/{'a' * 26}/live"
    reply = await phone.send("POST", target, headers={"Origin": "https://player.example"})
    assert reply.problem.status == 401
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_preflights_are_answered_for_players_only(phone: SigningPhone) -> None:
    answered = set()
    for path in [*await paths_of(phone), "/", "/healthz", "/api/openapi.json"]:
        reply = await phone.send("OPTIONS", path, headers=PREFLIGHT)
        if "Access-Control-Allow-Methods" in reply.headers:
            answered.add(path)
        assert "Access-Control-Allow-Credentials" not in reply.headers
    assert answered == set(OPEN)


async def test_nothing_else_is_readable_from_other_pages(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    origin = {"Origin": "https://evil.example"}
    replies = [
        await phone.ask("GET", "/api/v1/doorbells", headers=origin),
        await phone.send("GET", phone.media_path("/api/v1/visits/v/clip.mp4"), headers=origin),
        await phone.send("GET", "/", headers=origin),
        await phone.send("GET", "/api/v1/nothing", headers=origin),
    ]
    events = "/api/v1/events"
    signed = {**origin, "Authorization": f"Bearer {phone.token('GET', events)}"}
    async with phone.http.get(phone.url + events, headers=signed) as stream:
        found = [stream.headers, *(reply.headers for reply in replies)]
    for headers in found:
        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_no_page_opens_a_link(phone: SigningPhone, doorbell: ScriptedDoorbell) -> None:
    headers = {"Authorization": f"Bearer {doorbell.token()}", "Origin": "https://evil.example"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await phone.http.ws_connect(f"{phone.url}/api/v1/link", headers=headers)
    assert refused.value.status == 403


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8080", "door.example.org.evil.de",
                                  "8.8.4.4", "[2a00::1]", ""])  # fmt: skip
async def test_a_name_that_leads_here_by_a_trick_is_refused(
    settings: Settings, http: aiohttp.ClientSession, name: str
) -> None:
    async with serving(with_http(settings, public_url=PUBLIC)) as url:
        reply = await SigningPhone(url, http).send("GET", "/healthz", headers={"Host": name})
    assert (reply.problem.status, "http.other_hosts" in reply.problem.detail) == (421, True)


@pytest.mark.parametrize(
    "name",
    ["door.example.org", "DOOR.example.org:443", "localhost:8080", "127.0.0.1", "192.168.1.4:8080",
     "10.0.0.3", "100.101.1.1", "[::1]:8080", "[fd00::1]", "laptop.lan"],
)  # fmt: skip
async def test_its_own_names_and_near_addresses_are_served(
    settings: Settings, http: aiohttp.ClientSession, name: str
) -> None:
    known = with_http(settings, public_url=PUBLIC, other_hosts=("laptop.lan",))
    async with serving(known) as url:
        reply = await SigningPhone(url, http).send("GET", "/healthz", headers={"Host": name})
    assert reply.status == 200


async def test_without_a_public_address_any_name_is_served(phone: SigningPhone) -> None:
    reply = await phone.send("GET", "/healthz", headers={"Host": "laptop.fritz.box:8080"})
    assert reply.status == 200


async def test_behind_a_proxy_that_asks_under_another_name_the_app_works(
    settings: Settings, http: aiohttp.ClientSession
) -> None:
    async with serving(with_http(settings, public_url=PUBLIC)) as url:
        phone = SigningPhone(url, http)
        for headers in ({"Origin": PUBLIC}, {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}):
            reply = await phone.send("POST", "/api/v1/pairing", headers=headers)
            assert reply.problem.status == 415


async def pairings(url: str, http: aiohttp.ClientSession) -> set[int]:
    """What 40 tries answer that say they come from 40 addresses."""
    return {
        (
            await SigningPhone(url, http).send(
                "POST", "/api/v1/pairing", headers={"X-Forwarded-For": f"198.51.100.{number}"}
            )
        ).status
        for number in range(40)
    }


@pytest.mark.parametrize(("proxies", "statuses"), [((), {415, 429}), (("127.0.0.1",), {415})])
async def test_only_trusted_proxies_name_the_client(
    settings: Settings, http: aiohttp.ClientSession, proxies: tuple[str, ...], statuses: set[int]
) -> None:
    limited = with_http(settings, trusted_proxies=proxies)
    limited = limited.model_copy(update={"rates": Rates()})
    async with serving(limited, Options()) as url:
        assert await pairings(url, http) == statuses
