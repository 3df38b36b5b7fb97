"""Around every request: a cap on its body and its time, and one line in the log.

Both wrap the application from outside, so that errors are covered too.
"""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.shared.problems import ProblemError, problem_response

log = logging.getLogger(__name__)

# Signed SDP with many codecs and candidates is the largest text that is ever posted.
BODY_LIMIT_BYTES = 64 * 1024
# A picture of a press over an uplink that is all but dead; nobody else needs a tenth of it.
BODY_TIME_S = 60.0


class BodyLimit:
    """Ends a request whose body is larger than its route takes (413) or comes too slowly (408)."""

    def __init__(self, app: ASGIApp, larger: dict[str, int], time_s: float = BODY_TIME_S) -> None:
        """`larger` maps `METHOD suffix` to the bytes that such paths may take."""
        self._app = app
        self._time_s = time_s
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
        await self._app(scope, _counting(receive, limit, self._time_s), send)

    def _limit(self, method: str, path: str) -> int:
        for (of_method, suffix), limit in self._larger.items():
            if method == of_method and path.endswith(suffix):
                return limit
        return BODY_LIMIT_BYTES


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
            # What is refused for its number must not fill the log either; it is counted.
            level = logging.DEBUG if status < 400 or status == 429 else logging.INFO
            spent_ms = (time.monotonic() - began) * 1000
            log.log(level, "%s %s %d %.0f ms", scope["method"], _path(scope), status, spent_ms)


def _path(scope: Scope) -> str:
    # Hostile paths may hold line breaks; a log line must stay one.
    return ascii(scope["path"][:200])[1:-1]


def _counting(receive: Receive, limit: int, time_s: float) -> Receive:
    taken = 0
    whole = False
    deadline = asyncio.get_running_loop().time() + time_s

    async def receive_counting() -> Message:
        nonlocal taken, whole
        # Behind the body comes only the end of the connection, for which anyone may wait.
        async with asyncio.timeout_at(None if whole else deadline):
            message = await receive()
        taken += len(message.get("body", b""))
        whole = whole or not message.get("more_body", False)
        if taken > limit:
            raise _too_large(limit)
        return message

    async def receive_in_time() -> Message:
        try:
            return await receive_counting()
        except TimeoutError as error:
            raise _too_slow() from error

    return receive_in_time


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, "Too large", f"The body may have {limit} bytes.")


def _too_slow() -> ProblemError:
    detail = "The request's body did not come in time. Try again with a better connection."
    return ProblemError(408, "Too slow", detail, headers={"Connection": "close"})
