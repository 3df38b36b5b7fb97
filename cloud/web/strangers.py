"""Requests that a browser sends for somebody else's page, and names that are not this server's.

Every request is signed by headers and there are no cookies, so a foreign page has nothing to ride
on. This holds all the same if that ever changes, and for the few requests that nobody signs.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.shared.problems import problem_response

# Players and encoders in other pages may use these (WHEP and WHIP); they answer preflights.
OPEN_TO_OTHER_PAGES = re.compile(
    r"/api/v1/(?:doorbells/[^/]+/(?:live|recordings)|live/[^/]+|recordings/[^/]+)"
)
_HARMLESS = ("GET", "HEAD", "OPTIONS")
# What providers and private overlay networks share (RFC 6598); Python counts it as neither.
_SHARED = ip_network("100.64.0.0/10")


class Strangers:
    """Refuses other sites' requests with 403, and requests under another name with 421."""

    def __init__(
        self, app: ASGIApp, public_url: str | None = None, other_hosts: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._public = public_url.partition("://")[2].lower() if public_url else ""
        names = {host.lower() for host in other_hosts}
        # Without a public address the server cannot know its names: phones may reach a laptop
        # by any of them.
        self._names = names | {host_name(self._public)} if self._public else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            refusal = self._of_host(headers) or self._of_site(scope, headers)
            if refusal:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _of_host(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) > 1:
            return problem_response(400, "Malformed request", "Send one Host header.")
        host = host_name(hosts[0]) if hosts else ""
        if self._names is None or host in self._names or _is_near(host):
            return None
        detail = (
            "This server does not go by that name. Open its public address, or let its operator"
            " add the name to the setting http.other_hosts."
        )
        return problem_response(421, "Another server's name", detail)

    def _of_site(self, scope: Scope, headers: Headers) -> Response | None:
        changes = scope["type"] == "websocket" or scope["method"] not in _HARMLESS
        if not changes or OPEN_TO_OTHER_PAGES.fullmatch(scope["path"]):
            return None
        if not self._is_foreign(headers):
            return None
        detail = "Another site's page asked for this. Open the app of this server instead."
        return problem_response(403, "Another site", detail)

    def _is_foreign(self, headers: Headers) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in ("cross-site", "same-site"):
            return True
        if origin is None or site == "same-origin":
            # Only the browser itself writes the latter. Behind a proxy that asks under another
            # name, it is what tells the app's own page.
            return False
        where = origin.partition("://")[2].lower()
        return where not in (headers.get("host", "").lower(), self._public) or not where


def host_name(host: str) -> str:
    """A Host header's name or address, without port and brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _is_near(host: str) -> bool:
    """This machine's own name, or an address that no name on the internet should lead to."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_link_local or address in _SHARED
