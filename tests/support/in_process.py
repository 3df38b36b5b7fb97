"""A whole server without a socket: its lifespan and requests in a loop of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from cloud.app import Server

# An answer that takes longer hangs.
PATIENCE_S = 5.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


class InProcess:
    """`with InProcess(server) as running:`; then `ask` and `run`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runner = asyncio.Runner()
        self._life = AsyncExitStack()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        api = self._server.api
        self.run(self._life.enter_async_context(api.router.lifespan_context(api)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self._life.aclose())
        self._runner.__exit__(kind, error, trace)

    def run(self, what: Coroutine[Any, Any, Result]) -> Result:
        """The result of something that belongs to the server's loop."""
        return self._runner.run(what)

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """One request, from the outermost layer inwards."""
        return self.run(_ask(self._server.app, _scope(method, target, headers), body))


def _scope(method: str, target: str, headers: dict[str, str]) -> Scope:
    path, _, query = target.partition("?")
    sent = {"host": "localhost", **{name.lower(): value for name, value in headers.items()}}
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": unquote(path), "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"), "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 4711), "server": ("localhost", 80),
    }  # fmt: skip


async def _ask(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    pieces = iter([{"type": "http.request", "body": body, "more_body": False}])
    sent: list[Message] = []

    async def receive() -> Message:
        if piece := next(pieces, None):
            return piece
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(PATIENCE_S):
        await app(scope, receive, send)
    headers: dict[str, list[str]] = {}
    for name, value in sent[0]["headers"]:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return Answer(sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]))
