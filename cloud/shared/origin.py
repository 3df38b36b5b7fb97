"""Where this server is reached from outside."""

from __future__ import annotations

from starlette.requests import Request


class Origin:
    """The public address from the settings or, without one, the address that was asked."""

    def __init__(self, public_url: str | None) -> None:
        self._public_url = public_url

    def absolute(self, request: Request, path: str) -> str:
        """`path` as an absolute URL: many WHIP and WHEP clients take a relative one verbatim."""
        base = self._public_url or f"{request.url.scheme}://{request.url.netloc}"
        return base + path
