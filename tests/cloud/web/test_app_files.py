"""The app and everything around an answer: caching, strict headers, sizes, unknown addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud.shared.settings import Settings
from tests.support.signing_phone import SigningPhone


@pytest.fixture
def built(settings: Settings) -> Path:
    folder = settings.http.app
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>the app</title>")
    (folder / "sw.js").write_text("// worker")
    (folder / "assets" / "app-1a2b3c.js").write_text("// script")
    (folder.parent / "secret.txt").write_text("secret")
    return folder


async def test_hashed_files_stay_and_the_page_is_checked(built: Path, phone: SigningPhone) -> None:
    script = await phone.send("GET", "/assets/app-1a2b3c.js")
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Content-Type"].startswith("text/javascript")
    for path in ("/", "/index.html", "/sw.js"):
        assert (await phone.send("GET", path)).headers["Cache-Control"] == "no-cache"


async def test_every_address_of_the_app_is_its_page(built: Path, phone: SigningPhone) -> None:
    for path in ("/", "/settings", "/visit/123"):
        reply = await phone.send("GET", path)
        assert (reply.status, b"the app" in reply.body) == (200, True)


@pytest.mark.parametrize(
    "path",
    ["/missing.js", "/assets/none.js", "/api/v1/none", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
     "/assets/%00", "/api", "/metrics/x"],
)  # fmt: skip
async def test_unknown_addresses_are_problems(built: Path, phone: SigningPhone, path: str) -> None:
    reply = await phone.send("GET", path)
    assert reply.status == 404
    assert b"secret" not in reply.body


async def test_a_wrong_method_is_a_problem(phone: SigningPhone) -> None:
    reply = await phone.send("DELETE", "/api/v1/visits")
    assert (reply.problem.status, "DELETE" in reply.problem.detail) == (405, True)
    assert (await phone.send("POST", "/nowhere")).problem.status == 404


async def test_before_the_app_is_built_a_page_says_so(phone: SigningPhone) -> None:
    reply = await phone.send("GET", "/")
    assert reply.status == 503
    assert b"make build" in reply.body


async def test_every_answer_is_strict(built: Path, phone: SigningPhone) -> None:
    for path in ("/", "/healthz", "/api/v1/none", "/api/docs", "/api/v1/visits"):
        headers = (await phone.send("GET", path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "microphone=(self)" in headers["Permissions-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


async def test_the_reference_loads_nothing_from_outside(phone: SigningPhone) -> None:
    page = (await phone.send("GET", "/api/docs")).body.decode()
    assert "/api/v1/doorbells/{doorbell}/live" in page
    assert "http" not in page.replace("HTTP", "")
    assert "<script" not in page


async def test_health_and_figures(phone: SigningPhone) -> None:
    assert (await phone.send("GET", "/healthz")).body == b"ok\n"
    text = (await phone.send("GET", "/metrics")).body.decode()
    for name in ("doorstep_links", "doorstep_calls", "doorstep_answer_seconds",
                 "doorstep_recordings", "doorstep_pushes", "doorstep_visits"):  # fmt: skip
        assert f"# HELP {name}" in text


async def test_a_body_without_length_is_cut_too(phone: SigningPhone) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    headers = {"Content-Type": "application/json"}
    reply = await phone.send("POST", "/api/v1/pairing", endless(), headers)
    assert reply.problem.status == 413
