"""The real server under attack from outside: stolen tokens, paths that climb, bodies that swell."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import socket
import time
from collections.abc import Iterator

import aiohttp

from attack.tally import Tally
from protocol.identity import TOKEN_LIFE_S, Identity, Purpose
from protocol.pairing import encode
from scripts.phone import Phone
from scripts.stack import Stack

PURPOSES: tuple[Purpose, ...] = ("link", "record", "api", "media")
SECRET_FILES = ("doorstep.sqlite3", "vapid.pem", "../device/identity.pem", "../../etc/passwd")
CLIMBS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "....//", "%252e%252e%252f",
          "..%c0%af", "/%2e%2e/", "//", "\u2024\u2024/")  # fmt: skip
# What stands in those files and nowhere else.
TELLTALES = (b"SQLite format 3", b"PRIVATE KEY", b"root:x:0")
ANSWER_LIMIT_S = 10.0


async def stolen_tokens(stack: Stack, phone: Phone) -> Tally:
    """Every kind of token at every door that is not its own, of the phone and of a stranger."""
    row = Tally("tokens at doors of other kinds, of strangers, of other times")
    async with aiohttp.ClientSession() as http:
        for identity, purpose in itertools.product((phone.identity, Identity.generate()), PURPOSES):
            for method, path, right in _doors(phone.device_id):
                if identity is phone.identity and purpose == right:
                    continue
                token = identity.token(purpose, time.time(), htm=method, htu=path, path=path)
                await _knock(row, http, stack.address, method, path, token)
        for method, path, right in _doors(phone.device_id):
            for how, token in _spoilt(phone.identity, right, method, path):
                await _knock(row, http, stack.address, method, path, token, how)
    return row


async def climbing_paths(stack: Stack) -> Tally:
    """Paths that leave their folder, sent as raw bytes, so that no client tidies them up."""
    row = Tally("paths that climb out of their folder")
    for start in ("/", "/assets/", "/api/v1/visits/", "/api/v1/visits/x/clip", "/docs/"):
        for climb, file in itertools.product(CLIMBS, SECRET_FILES):
            for depth in (1, 3, 6):
                path = f"{start}{climb * depth}{file}"
                answer = await asyncio.to_thread(_raw, stack.port, f"GET {path} HTTP/1.1", b"")
                told = any(telltale in answer for telltale in TELLTALES)
                row.leaked += len(answer) if told else 0
                row.note(not told, path)
    return row


async def swollen_bodies(stack: Stack, phone: Phone) -> Tally:
    """Bodies, headers and frames larger than anything genuine."""
    row = Tally("bodies, headers and frames larger than anything genuine")
    big = b"x" * (2 << 20)
    for method, path, _ in _doors(phone.device_id):
        head = f"{method} {path} HTTP/1.1\r\nContent-Length: {len(big)}"
        answer = await asyncio.to_thread(_raw, stack.port, head, big)
        row.note(_status(answer) in (0, 400, 401, 403, 404, 405, 411, 413, 415, 421, 429), path)
    head = "GET /healthz HTTP/1.1\r\n" + "".join(f"X-{n}: {'y' * 1000}\r\n" for n in range(500))
    answer = await asyncio.to_thread(_raw, stack.port, head.strip(), b"")
    row.note(_status(answer) in (0, 400, 413, 431), "half a megabyte of headers")
    row.note(stack.get("/healthz") == 200, "the server lives on")
    return row


def _doors(doorbell: str) -> Iterator[tuple[str, str, Purpose]]:
    """Each address that wants a token, and the purpose that opens it."""
    base, visit = f"/api/v1/doorbells/{doorbell}", "20261122t120431-4f2a"
    for path in ("/doorbells", "/visits", f"/visits/{visit}", "/events"):
        yield "GET", f"/api/v1{path}", "api"
    yield "POST", f"{base}/challenge", "api"
    yield "POST", f"{base}/live", "api"
    yield "POST", "/api/v1/push/subscriptions", "api"
    yield "DELETE", f"/api/v1/visits/{visit}", "api"
    yield "GET", f"/api/v1/visits/{visit}/clip", "media"
    yield "GET", f"/api/v1/visits/{visit}/snapshot", "media"
    yield "POST", f"{base}/recordings?visit={visit}", "record"
    yield "PUT", f"/api/v1/visits/{visit}/snapshot", "record"


def _spoilt(
    identity: Identity, purpose: Purpose, method: str, path: str
) -> Iterator[tuple[str, str]]:
    now, life_s = time.time(), TOKEN_LIFE_S
    claims = {"htm": method, "htu": path, "path": path}
    yield "an hour old", identity.token(purpose, now - 3600, life_s, **claims)
    yield "of tomorrow", identity.token(purpose, now + 86_400, life_s, **claims)
    yield "living for a day", identity.token(purpose, now, 86_400, **claims)
    yield "for another request", identity.token(purpose, now, htm="PATCH", htu="/", path="/")
    body = encode(hashlib.sha256(b"another body").digest())
    if purpose == "api":
        yield "for another body", identity.token(purpose, now, life_s, bh=body, **claims)
    yield (
        "without a signature",
        identity.token(purpose, now, life_s, **claims).rpartition(".")[0] + ".",
    )


async def _knock(
    row: Tally, http: aiohttp.ClientSession, address: str, method: str, path: str, token: str,
    how: str = "",
) -> None:  # fmt: skip
    url = address + path + (f"?token={token}" if path.endswith(("clip", "snapshot")) else "")
    headers = {"Authorization": f"Bearer {token}"}
    limit = aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)
    async with http.request(method, url, headers=headers, timeout=limit) as answer:
        refused = answer.status in (400, 401, 403, 404, 405, 415, 429)
        row.leaked += 0 if refused else len(await answer.content.read(1024))
        row.note(refused, f"{method} {path}: {answer.status} {how}")


def _raw(port: int, head: str, body: bytes) -> bytes:
    """What the server answers to these very bytes; empty when it hangs up."""
    request = f"{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("utf-8", "replace")
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_LIMIT_S) as line:
            line.sendall(request + body)
            while piece := line.recv(65_536):
                answer += piece
    except OSError:
        pass
    return answer


def _status(answer: bytes) -> int:
    first = answer.split(b"\r\n", 1)[0].split()
    return int(first[1]) if len(first) > 1 and first[1].isdigit() else 0


def problem_of(answer: bytes) -> str:
    """The sentence in an answer, for those who look at what got through."""
    try:
        return str(json.loads(answer.rpartition(b"\r\n\r\n")[2])["detail"])
    except (ValueError, KeyError, TypeError):
        return ""
