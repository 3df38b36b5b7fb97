"""Errors as RFC 9457 writes them: `application/problem+json`, with a sentence that helps."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from protocol.api import Problem
from protocol.errors import RemoteProtocolError

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
_OUR_FAULT = "The server could not do this. Try again; its log says more under {number}."


def _openapi_response() -> dict[str, Any]:
    schema = Problem.model_json_schema()
    return {"description": "A problem (RFC 9457)", "content": {PROBLEM_JSON: {"schema": schema}}}


# What OpenAPI says about every refusal of every route.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": _openapi_response(),
    "5XX": _openapi_response(),
}


class ProblemError(Exception):
    """Ends a request with this problem. `detail` is one sentence for the person who asked."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        type: str = "about:blank",  # noqa: A002 - the name that RFC 9457 gives it
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.type = type
        self.headers = headers


def problem_response(
    status: int,
    title: str,
    detail: str,
    type: str = "about:blank",  # noqa: A002 - the name that RFC 9457 gives it
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem as a response that nobody keeps."""
    body = Problem(type=type, title=title, status=status, detail=detail)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body.model_dump_json(), status, kept, PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(RemoteProtocolError, _protocol_error)
    app.add_exception_handler(Exception, _unexpected)


async def _problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return problem_response(error.status, error.title, error.detail, error.type, error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    title = HTTPStatus(error.status_code).phrase
    detail = _known_details(request).get(error.status_code, str(error.detail))
    return problem_response(error.status_code, title, detail, headers=error.headers)


def _known_details(request: Request) -> dict[int, str]:
    return {
        404: "There is nothing at this address.",
        405: f"{request.method} is not possible at this address.",
    }


async def _invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem_response(422, "Malformed request", f"{place}: {first['msg']}.")


async def _protocol_error(_: Request, error: Exception) -> Response:
    return problem_response(400, "Malformed message", str(error))


async def _unexpected(request: Request, error: Exception) -> Response:
    # Found again in the log by the number, which says nothing about anyone.
    number = secrets.token_hex(4)
    path = ascii(request.url.path[:200])[1:-1]
    log.error("%s: %s %s failed", number, request.method, path, exc_info=error)
    return problem_response(500, "Internal error", _OUR_FAULT.format(number=number))
