"""Headers on every answer: what scripts may run, and by which way the browser comes back."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest

from cloud.shared.settings import Http, Settings
from cloud.web.app_files import integrity_of
from tests.support.signing_phone import SigningPhone
from tests.support.whole_server import serving

PATHS = ("/", "/healthz", "/api/v1/none", "/api/docs", "/api/v1/visits", "/assets/app-1.js")
HTTPS = Http(port=0, public_url="https://door.example.org")


@pytest.fixture
def built(settings: Settings) -> Path:
    folder = settings.http.app
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>the app</title>")
    (folder / "assets" / "app-1.js").write_text("run()")
    return folder


def directives(text: str) -> dict[str, list[str]]:
    parts = (part.split() for part in text.split(";"))
    return {name: sources for name, *sources in parts}


async def test_only_scripts_of_the_build_run(built: Path, phone: SigningPhone) -> None:
    wanted = [f"'{integrity_of(b'run()')}'"]
    for path in PATHS:
        policy = directives((await phone.send("GET", path)).headers["Content-Security-Policy"])
        assert policy["script-src"] == wanted
        assert policy["require-trusted-types-for"] == ["'script'"]
        assert policy["trusted-types"] == ["doorstep"]
        for name in ("object-src", "base-uri", "frame-ancestors", "form-action", "frame-src"):
            assert policy[name] == ["'none'"]


async def test_without_the_app_no_script_runs(phone: SigningPhone) -> None:
    policy = directives((await phone.send("GET", "/")).headers["Content-Security-Policy"])
    assert policy["script-src"] == ["'none'"]


async def test_a_script_that_came_later_is_not_trusted(built: Path, phone: SigningPhone) -> None:
    before = (await phone.send("GET", "/")).headers["Content-Security-Policy"]
    (built / "assets" / "app-1.js").write_text("steal()")
    (built / "assets" / "app-2.js").write_text("steal()")
    assert (await phone.send("GET", "/")).headers["Content-Security-Policy"] == before


async def test_a_page_that_was_changed_later_is_not_shown(built: Path, phone: SigningPhone) -> None:
    (built / "index.html").write_text("<script src=/assets/app-2.js></script>")
    for path in ("/", "/index.html", "/settings"):
        reply = await phone.send("GET", path)
        assert (reply.status, b"Restart the server" in reply.body) == (503, True)
        assert b"app-2" not in reply.body


async def test_credentials_and_sensors_are_for_this_page_alone(phone: SigningPhone) -> None:
    headers = (await phone.send("GET", "/")).headers
    allowed = headers["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in allowed
    assert "publickey-credentials-create=(self)" in allowed
    assert re.findall(r"(\w+)=\(self\)", allowed) == ["microphone", "create", "get"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("host", "promised"),
    [("door.example.org", True), ("localhost", False), ("127.0.0.1:8080", False),
     ("[::1]:8080", False), ("app.localhost:8080", False)],
)  # fmt: skip
async def test_https_is_promised_for_names_of_the_internet(
    settings: Settings, http: aiohttp.ClientSession, host: str, promised: bool
) -> None:
    async with serving(settings.model_copy(update={"http": HTTPS})) as url:
        reply = await SigningPhone(url, http).send("GET", "/healthz", headers={"Host": host})
    assert reply.status == 200
    assert ("Strict-Transport-Security" in reply.headers) is promised


async def test_https_is_promised_when_a_trusted_proxy_speaks_it(
    settings: Settings, http: aiohttp.ClientSession
) -> None:
    proxied = settings.model_copy(update={"http": Http(port=0, trusted_proxies=("127.0.0.0/8",))})
    for config, promised in ((proxied, True), (settings, False)):
        async with serving(config) as url:
            headers = {"Host": "door.example.org", "X-Forwarded-Proto": "https"}
            reply = await SigningPhone(url, http).send("GET", "/healthz", headers=headers)
        assert ("Strict-Transport-Security" in reply.headers) is promised
