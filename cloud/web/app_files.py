"""The app for phones, as it was built; any address of the app is its one page."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

# The build puts a hash of the content into every name under assets/.
_HASHED = "public, max-age=31536000, immutable"
_CHECKED = "no-cache"
_PAGE = "index.html"
_SENTENCES = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Doorstep</title></head>
<body><h1>Doorstep</h1>
<p>{sentence}</p></body></html>
"""
_NOT_BUILT = (
    "The server runs, but the app for phones is not built here. Run <code>make build</code> once,"
    " or name its folder in the setting <code>http.app</code>."
)
_BUILT_ANEW = (
    "The app's files have changed since the server was started, and it lets only the scripts run"
    " that were there then. Restart the server."
)


class AppFiles:
    """Serves a folder at every address that no route knows.

    `script_hashes` are of the scripts that lie there now, for the content security policy: one
    that is changed or added later does not run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.script_hashes = _hashes(self._folder / "assets")
        self._page_then = self._page_text()

    def install(self, app: FastAPI) -> None:
        """Answer what `app`'s routes do not; what is no page stays its 404."""
        unknown = app.router.default

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
                await unknown(scope, receive, send)
                return
            response = self.get(scope["path"].removeprefix("/"))
            await response(scope, receive, send)

        app.router.default = answer

    def get(self, path: str) -> Response:
        """A file, or the app's page for every address without a file's name."""
        if path.split("/", 1)[0] in ("api", "problems", "metrics", "healthz"):
            raise HTTPException(404)
        if path == _PAGE:
            return self._page()
        if found := self._file(path):
            caching = _HASHED if path.startswith("assets/") else _CHECKED
            return FileResponse(found, headers={"Cache-Control": caching})
        if path.startswith("assets/") or "." in path.rsplit("/", 1)[-1]:
            raise HTTPException(404)
        return self._page()

    def _page(self) -> Response:
        page = self._page_text()
        if page is None:
            return _sentence(_NOT_BUILT)
        if page != self._page_then:
            return _sentence(_BUILT_ANEW)
        return HTMLResponse(page, headers={"Cache-Control": _CHECKED})

    def _page_text(self) -> bytes | None:
        try:
            return (self._folder / _PAGE).read_bytes()
        except OSError:
            return None

    def _file(self, path: str) -> Path | None:
        if not path or "\0" in path:
            return None
        try:
            found = (self._folder / path).resolve()
            if not found.is_relative_to(self._folder) or not found.is_file():
                return None
        except OSError:
            # Such as a name that is too long for any file.
            return None
        return found


def _hashes(folder: Path) -> tuple[str, ...]:
    """The scripts' hashes as CSP and `integrity` write them."""
    found = sorted(folder.glob("*.js")) if folder.is_dir() else []
    return tuple(integrity_of(path.read_bytes()) for path in found)


def integrity_of(content: bytes) -> str:
    """`sha384-…` (Subresource Integrity section 3.1), as the build writes it into the page."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode("ascii")


def _sentence(sentence: str) -> Response:
    page = _SENTENCES.format(sentence=sentence)
    return HTMLResponse(page, 503, {"Cache-Control": "no-store"})
