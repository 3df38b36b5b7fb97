"""What keeps a browser from doing more than the app needs, on every answer."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.web.strangers import OPEN_TO_OTHER_PAGES, host_name

# A year, as browsers' lists ask for. Not for the domain's other names: they are not ours.
_HTTPS_ONLY = "max-age=31536000"
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=(),"
        " publickey-credentials-create=(self), publickey-credentials-get=(self)"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def policy(script_hashes: Sequence[str]) -> str:
    """The content security policy of an app whose scripts have these hashes.

    A script runs only if its element carries one of the hashes as `integrity` and its bytes fit
    (CSP level 3, section 6.7.2.3): no address is trusted, not even our own. Styles cannot be named
    by hash; their elements carry `integrity` alone.
    """
    scripts = " ".join(f"'{each}'" for each in script_hashes) or "'none'"
    return "; ".join(
        (
            "default-src 'self'",
            "base-uri 'none'",
            "connect-src 'self'",
            "font-src 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "frame-src 'none'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "require-trusted-types-for 'script'",
            f"script-src {scripts}",
            "script-src-attr 'none'",
            "style-src 'self'",
            # The app names the address of its worker, and nothing else that could be run.
            "trusted-types doorstep",
            "worker-src 'self'",
        )
    )


class StrictHeaders:
    """Adds the headers to every answer."""

    def __init__(
        self, app: ASGIApp, script_hashes: Sequence[str] = (), public_url: str | None = None
    ) -> None:
        self._app = app
        self._fixed = {"Content-Security-Policy": policy(script_hashes), **_HEADERS}
        self._public_https = (public_url or "").startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        wanted = {**self._fixed, **self._of_request(scope)}

        async def send_strictly(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_strictly)

    def _of_request(self, scope: Scope) -> dict[str, str]:
        if OPEN_TO_OTHER_PAGES.fullmatch(scope["path"]):
            # Refusals too: a player in another page shows the sentence.
            found = {"Access-Control-Allow-Origin": "*"}
        else:
            found = {"Cross-Origin-Resource-Policy": "same-origin"}
        secure = self._public_https or scope["scheme"] in ("https", "wss")
        if secure and _is_name(host_name(Headers(scope=scope).get("host", ""))):
            found["Strict-Transport-Security"] = _HTTPS_ONLY
        return found


def _is_name(host: str) -> bool:
    """Browsers keep the promise for names only; a laptop's own is shared by every project."""
    if not host or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False
