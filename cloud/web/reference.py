"""`/api/docs`: the interface on one page, made from OpenAPI here, so nothing loads from outside."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Doorstep: the server's interface</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>The server's interface</h1>
<p>The whole of it, for software: <a href="/api/openapi.json">openapi.json</a>.
Errors are problem+json (RFC 9457). Phones and doorbells sign every request with their key.</p>
{sections}</body></html>
"""


def reference_router(app: FastAPI) -> APIRouter:
    """The page; made anew from the app's routes."""
    router = APIRouter(include_in_schema=False)

    async def page() -> HTMLResponse:
        sections = "".join(_sections(app.openapi()))
        return HTMLResponse(_PAGE.format(sections=sections), headers={"Cache-Control": "no-cache"})

    router.add_api_route("/api/docs", page, methods=["GET"])
    return router


def clock_problem_router() -> APIRouter:
    """`/problems/clock`, where the problem's type points to."""
    router = APIRouter(include_in_schema=False)

    async def page() -> HTMLResponse:
        return HTMLResponse(
            "<!doctype html><html lang='en'><title>Clock</title><h1>The clocks differ</h1>"
            "<p>A token is of another time than the server's. Set the clock of the phone or the "
            "doorbell, or of the server; the answer's Date header says what the server believes."
        )

    router.add_api_route("/problems/clock", page, methods=["GET"])
    return router


def _sections(openapi: dict[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_row(method, path, operation))
    for tag, rows in sorted(by_tag.items()):
        head = "<tr><th>Request</th><th>What</th></tr>"
        yield f"<h2>{escape(tag.capitalize())}</h2><table>{head}{''.join(rows)}</table>"


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    words = escape(operation.get("summary", ""))
    more = escape(operation.get("description", ""))
    return f"<tr><td><code>{method.upper()} {escape(path)}</code></td><td>{words}. {more}</td></tr>"
