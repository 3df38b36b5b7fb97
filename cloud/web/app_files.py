"""The app for phones, as it was built; any address of the app is its one page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

# The build puts a hash of the content into every name under assets/.
_HASHED = "public, max-age=31536000, immutable"
_CHECKED = "no-cache"
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Doorstep</title></head>
<body><h1>Doorstep</h1>
<p>The server runs, but the app for phones is not built here. Run <code>make build</code> once,
or name its folder in the setting <code>http.app</code>.</p></body></html>
"""


class AppFiles:
    """Serves a folder at every address that no route knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

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
        if found := self._file(path):
            caching = _HASHED if path.startswith("assets/") else _CHECKED
            return FileResponse(found, headers={"Cache-Control": caching})
        if path.startswith("assets/") or "." in path.rsplit("/", 1)[-1]:
            raise HTTPException(404)
        return self._page()

    def _page(self) -> Response:
        if page := self._file("index.html"):
            return FileResponse(page, headers={"Cache-Control": _CHECKED})
        return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})

    def _file(self, path: str) -> Path | None:
        if not path or "\0" in path:
            return None
        found = (self._folder / path).resolve()
        if not found.is_relative_to(self._folder) or not found.is_file():
            return None
        return found
