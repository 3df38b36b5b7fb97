"""Around every request: a cap on its body, strict headers on its answer, one line in the log.

All three wrap the application from outside, so that errors are covered too.
"""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.shared.problems import ProblemError, problem_response

log = logging.getLogger(__name__)

# Signed SDP with many codecs and candidates is the largest text that is ever posted.
BODY_LIMIT_BYTES = 64 * 1024

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "worker-src 'self'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class BodyLimit:
    """Ends a request whose body is larger than its route takes, with 413."""

    def __init__(self, app: ASGIApp, larger: dict[str, int]) -> None:
        """`larger` maps `METHOD suffix` to the bytes that such paths may take."""
        self._app = app
        self._larger = {tuple(key.split(" ", 1)): limit for key, limit in larger.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["method"], scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            problem = _too_large(limit)
            response = problem_response(problem.status, problem.title, problem.detail)
            # What follows is not read, so the connection cannot serve another request.
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)

    def _limit(self, method: str, path: str) -> int:
        for (of_method, suffix), limit in self._larger.items():
            if method == of_method and path.endswith(suffix):
                return limit
        return BODY_LIMIT_BYTES


class StrictHeaders:
    """Adds what keeps a browser from doing more than the app needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_strictly)


class RequestLog:
    """One line for each request, without its query: tokens stand there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            level = logging.DEBUG if status < 400 else logging.INFO
            spent_ms = (time.monotonic() - began) * 1000
            log.log(level, "%s %s %d %.0f ms", scope["method"], _path(scope), status, spent_ms)


def _path(scope: Scope) -> str:
    # Hostile paths may hold line breaks; a log line must stay one.
    return ascii(scope["path"][:200])[1:-1]


def _counting(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def receive_counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return receive_counting


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, "Too large", f"The body may have {limit} bytes.")
