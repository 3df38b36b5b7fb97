"""Bytes that no client sends: heads without end, two lengths for one body, paths that climb."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message

from cloud.shared import problems
from cloud.shared.settings import Rates, Settings
from cloud.shared.wire import PatientHttp
from cloud.web.shield import BodyLimit
from tests.support.raw_http import raw, request
from tests.support.signing_phone import SigningPhone

SECRET = b"the state of the server"
DOTS = (
    "..",
    "%2e%2e",
    "%2E.",
    "..%00",
    "%252e%252e",
    "..\\",
    "%5c..",
    "%c0%ae%c0%ae",
    "....//",
    "..;",
)
SLASHES = ("/", "%2f", "%5c", "//", "/./")
PLACES = ("/", "/assets/", "/icons/", "/api/v1/visits/", "/api/")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without limits on their number, and with a secret beside the served folder."""
    folder = settings.http.app
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>the app</title>")
    (folder / "assets" / "app-1.js").write_text("run()")
    (folder / "leads-out").symlink_to(folder.parent)
    (folder.parent / "secret.txt").write_bytes(SECRET)
    return settings.model_copy(update={"rates": Rates(factor=0)})


def climbing(state: Path) -> list[str]:
    """Every way up from every place that serves files."""
    ways = [
        f"{place}{(dots + slash) * depth}{name}"
        for place, dots, slash in itertools.product(PLACES, DOTS, SLASHES)
        for depth in (1, 3)
        for name in ("secret.txt", "state/vapid.pem")
    ]
    absolute = str(state.parent / "secret.txt")
    return [
        *ways, "/leads-out/secret.txt", absolute, f"/{absolute}", quote(absolute, safe=""),
        f"//{absolute}", f"/assets/{quote(absolute, safe='')}", f"file://{absolute}",
    ]  # fmt: skip


async def test_no_path_leads_out_of_the_app(url: str, settings: Settings) -> None:
    tried = climbing(settings.state.directory)
    for target in tried:
        reply = await raw(url, request("GET", target))
        assert SECRET not in reply.data, target
        assert b"PRIVATE KEY" not in reply.data, target
        assert reply.statuses[0] in (200, 400, 401, 404), (target, reply.statuses)
    assert len(tried) > 900


async def test_names_that_no_file_can_have_are_unknown(url: str) -> None:
    for name in ("a" * 5000, "%00", "a/" * 2000, "%ff%fe", "con", "."):
        reply = await raw(url, request("GET", f"/assets/{name}"))
        assert reply.statuses[0] in (200, 404), name


async def test_a_head_without_end_is_cut(url: str) -> None:
    flood = (b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(2000))
    reply = await raw(url, b"GET / HTTP/1.1\r\nHost: localhost\r\n", *flood)
    assert reply.closed
    assert set(reply.statuses) <= {400, 431}
    one = await raw(url, b"GET / HTTP/1.1\r\nX: ", *[b"a" * 8192] * 200)
    assert one.closed
    assert set(one.statuses) <= {400, 431}


async def test_a_head_of_usual_size_is_read(url: str) -> None:
    reply = await raw(url, request("GET", "/healthz", f"X-Long: {'a' * 16_000}"))
    assert reply.statuses == [200]


async def test_a_large_body_behind_a_small_head_is_no_long_head(url: str) -> None:
    body = b" " * 60_000
    length = f"Content-Length: {len(body)}"
    reply = await raw(url, request("POST", "/api/v1/pairing", length, body=body))
    assert reply.statuses == [415]


@pytest.mark.parametrize(("sent", "statuses"), [(b"", []), (b"GET / HTTP/1.1\r\nHos", [408])])
async def test_whoever_does_not_finish_a_head_is_let_go(
    url: str, monkeypatch: pytest.MonkeyPatch, sent: bytes, statuses: list[int]
) -> None:
    monkeypatch.setattr(PatientHttp, "head_time_s", 0.05)
    reply = await raw(url, sent)
    assert (reply.closed, reply.statuses) == (True, statuses)


async def test_whoever_does_not_finish_a_body_is_let_go() -> None:
    api = FastAPI()
    problems.install(api)

    async def read(request: Request) -> None:
        await request.body()

    api.add_api_route("/read", read, methods=["POST"])
    pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        if piece := next(pieces, None):
            return piece
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/read", "headers": [], "query_string": b""}
    await BodyLimit(api, {}, time_s=0.05)(scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"did not come in time" in sent[1]["body"]


HELLO = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Content-Length: +5",),
        ("Content-Length: 5, 6",),
        ("Content-Length: 0x5",),
        ("Content-Length: -1",),
        ("X: a\rTransfer-Encoding: chunked",),
        (" Content-Length: 5",),
        ("Content Length: 5",),
    ],
)
async def test_nothing_is_smuggled_behind_an_unclear_length(
    url: str, headers: tuple[str, ...]
) -> None:
    head = "\r\n".join(["POST /api/v1/pairing HTTP/1.1", "Host: localhost", *headers, "", ""])
    reply = await raw(url, (head + "0\r\n\r\n" + HELLO).encode("latin-1"), patience_s=2.0)
    assert reply.statuses == [400]
    assert reply.closed


async def test_two_hosts_are_none(url: str) -> None:
    reply = await raw(url, request("GET", "/healthz", "Host: elsewhere.example"))
    assert reply.statuses == [400]


@pytest.mark.parametrize(
    "line",
    ["GET", "GET /", "GET / HTTP/9.9", "\x00\x01", "GET http:// HTTP/1.1", "PRI * HTTP/2.0",
     "CONNECT evil.example:443 HTTP/1.1"],
)  # fmt: skip
async def test_odd_first_lines_end_without_a_trace(url: str, line: str) -> None:
    reply = await raw(url, f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert set(reply.statuses) <= {200, 400, 404, 405}
    assert b"Traceback" not in reply.data


async def test_the_server_goes_on(url: str, phone: SigningPhone) -> None:
    assert (await phone.send("GET", "/healthz")).status == 200
