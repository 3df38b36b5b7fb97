"""STUN and TURN servers for phones, with credentials that expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

from cloud.shared.clock import Clock
from cloud.shared.settings import Ice
from protocol.api import IceServer, IceServers
from protocol.settings import SettingsError

# Long enough to begin a call. coturn looks at the time when an allocation is made; one that is
# there keeps its key and is refreshed for as long as the call lasts (tests/cloud/test_turn.py).
CREDENTIAL_LIFE_S = 600


class IceBook:
    """What the settings say about ICE. Raises SettingsError when the secret cannot be read."""

    def __init__(self, settings: Ice, clock: Clock) -> None:
        self._stun = settings.stun
        self._turn = settings.turn
        self._secret = _secret_of(settings.turn_secret_file)
        self._clock = clock

    def servers(self, user: str) -> IceServers:
        """The servers for `user`, the id of who asks; TURN by HMAC (coturn's use-auth-secret).

        Phones and doorbells have ids of their own, so each has its own name and quota there.
        """
        servers = [IceServer(urls=self._stun)] if self._stun else []
        if not self._turn:
            return IceServers(ice_servers=tuple(servers))
        if self._secret is None:
            return IceServers(ice_servers=(*servers, IceServer(urls=self._turn)))
        expires_s = int(self._clock()) + CREDENTIAL_LIFE_S
        name = f"{expires_s}:{user}"
        digest = hmac.digest(self._secret, name.encode(), hashlib.sha1)
        credential = base64.b64encode(digest).decode("ascii")
        turn = IceServer(urls=self._turn, username=name, credential=credential)
        return IceServers(ice_servers=(*servers, turn), expires_ms=expires_s * 1000)

    def links(self, user: str) -> list[str]:
        """The same as values of the Link header (RFC 9725 section 4.6)."""
        return [
            _link(url, server) for server in self.servers(user).ice_servers for url in server.urls
        ]


def _link(url: str, server: IceServer) -> str:
    if server.username is None:
        return f'<{url}>; rel="ice-server"'
    return (
        f'<{url}>; rel="ice-server"; username="{server.username}"; '
        f'credential="{server.credential}"; credential-type="password"'
    )


def _secret_of(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"ice.turn_secret_file: {path}: {error.strerror}.") from error
