"""The commands that need the whole server."""

from __future__ import annotations

import asyncio
import gc
import logging

from cloud.app import Server
from cloud.push.fcm import FcmError
from cloud.serving import listen, serve
from cloud.shared.settings import Settings
from cloud.store.clips import StoreError
from cloud.store.database import DatabaseError
from protocol.settings import SettingsError

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Serve until a signal comes."""
    sock = listen(settings.http.host, settings.http.port)
    with sock:
        host, port = sock.getsockname()[:2]
        address = settings.http.public_url or f"http://{_as_name(host)}:{port}"
        server = _server(settings)
        asyncio.run(_open_once(server))
        came_up = serve(server, sock, lambda: _up(address))
    return 0 if came_up else 1


def _up(address: str) -> None:
    log.info("serving at %s", address)
    # What was loaded at the start stays for ever. A full collection that walks through all of it
    # stops everything for a tenth of a second, and one is due at about the second visit.
    gc.collect()
    gc.freeze()


def check(settings: Settings) -> int:
    """Open everything that `run` opens, except the port, and say what is there."""
    server = _server(settings)
    asyncio.run(_open_once(server))
    print(f"database   {settings.state.directory / 'doorstep.sqlite3'}")
    print(f"clips      {settings.clips_url}")
    built = (settings.http.app / "index.html").is_file()
    print(f"app        {settings.http.app if built else 'not built (make build)'}")
    print(f"firebase   {'on' if server.fcm else 'off'}")
    return 0


def _server(settings: Settings) -> Server:
    try:
        return Server(settings)
    except (FcmError, StoreError) as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(
            f"{error.filename or settings.state.directory} cannot be used: {error.strerror}."
            " Give its folder to this user, or name another by --state-directory."
        ) from error
    except ValueError as error:
        raise SettingsError(str(error)) from error


async def _open_once(server: Server) -> None:
    """Before anything listens: so that a broken database is one sentence and not a traceback."""
    try:
        async with server.database:
            await server.roster.load()
    except DatabaseError as error:
        raise SettingsError(str(error)) from error


def _as_name(host: str) -> str:
    return f"[{host}]" if ":" in host else host
