"""A phone's requests: signed like the app signs them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from pydantic import TypeAdapter
from yarl import URL

from protocol.api import Problem, ServerEvent
from protocol.identity import Identity
from protocol.pairing import encode

PATIENCE_S = 5.0
_EVENT: TypeAdapter[ServerEvent] = TypeAdapter(ServerEvent)


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> Problem:
        """The answer as a problem; fails when it is none."""
        if self.headers["Content-Type"] != "application/problem+json":
            raise AssertionError(f"{self.status} {self.body[:200]!r} is no problem+json")
        return Problem.model_validate_json(self.body)


@dataclass
class SigningPhone:
    """A paired phone, once a doorbell's hello lists its `identity`."""

    url: str
    http: aiohttp.ClientSession
    identity: Identity = field(default_factory=Identity.generate)

    @property
    def id(self) -> str:
        return self.identity.id

    def token(self, method: str, target: str, body: bytes = b"", now_s: float | None = None) -> str:
        at = time.time() if now_s is None else now_s
        hashed = {"bh": encode(hashlib.sha256(body).digest())} if body else {}
        return self.identity.token("api", at, 60, htm=method, htu=target, **hashed)

    def media_path(self, path: str) -> str:
        """The path with a token for elements that cannot send headers."""
        token = self.identity.token("media", time.time(), 600, path=path)
        return f"{path}?token={token}"

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        media_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """A signed request."""
        signed = {"Authorization": f"Bearer {self.token(method, target, body)}"}
        if body:
            signed["Content-Type"] = media_type
        return await self.send(method, target, body, {**signed, **(headers or {})})

    async def send(
        self,
        method: str,
        target: str,
        body: bytes | AsyncIterator[bytes] = b"",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """A request with these headers only."""
        url = URL(self.url + target, encoded=True)
        async with (
            asyncio.timeout(PATIENCE_S),
            self.http.request(
                method, url, data=_source(body), headers=headers, allow_redirects=False
            ) as response,
        ):
            return Reply(response.status, response.headers, await response.read())

    @asynccontextmanager
    async def events(self, last_id: str = "") -> AsyncIterator[EventReader]:
        """The open stream of events."""
        target = "/api/v1/events"
        headers = {"Authorization": f"Bearer {self.token('GET', target)}"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        async with self.http.get(self.url + target, headers=headers) as response:
            response.raise_for_status()
            yield EventReader(response.content)


def _source(body: bytes | AsyncIterator[bytes]) -> io.BytesIO | AsyncIterator[bytes] | None:
    return (io.BytesIO(body) if body else None) if isinstance(body, bytes) else body


class EventReader:
    """Reads Server-Sent Events one by one; `last_id` resumes."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self.last_id = ""
        self.comments = 0

    async def next(self) -> ServerEvent:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self._content.readuntil(b"\n")).decode().rstrip("\n")
                if line.startswith("id: "):
                    self.last_id = line[4:]
                elif line.startswith(":"):
                    self.comments += 1
                elif line.startswith("data: "):
                    return _EVENT.validate_json(line[6:])

    async def ends(self) -> bool:
        """Whether the server ends the stream."""
        async with asyncio.timeout(PATIENCE_S):
            await self._content.read()
        return self._content.at_eof()
