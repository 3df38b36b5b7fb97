"""Uvicorn, told what this server needs."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
from collections.abc import Callable

import uvicorn

from cloud.app import Server
from cloud.shared.systemd import ServiceManager
from cloud.shared.wire import PatientHttp
from protocol.base import LINK_FRAME_LIMIT_BYTES
from protocol.settings import SettingsError

# Both ends of a link are told within 40 s that the path is gone.
_PING_S = 20.0
# After streams and links were told; what is still under way then is cut.
_GRACE_S = 5


class _Uvicorn(uvicorn.Server):
    """Ends what is endless before it waits for connections to finish."""

    def __init__(
        self, config: uvicorn.Config, closing: Callable[[], None], ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._closing = closing
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; SettingsError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends small answers at once only on such sockets;
    # on others each waits 40 ms for the last one's acknowledgement (Nagle).
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Already listening: so a second server on the port fails here, and not later.
        sock.listen(1024)
    except (OSError, UnicodeError) as error:
        sock.close()
        words = error.strerror if isinstance(error, OSError) else "is not an address"
        raise SettingsError(
            f"{host} port {port}: {words}."
            " Choose others by --http-host and --http-port, or the variable PORT."
        ) from error
    sock.setblocking(False)
    return sock


def uvicorn_for(server: Server, ready: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """The HTTP server around our application; `serve(sockets=[…])` runs it."""
    proxies = server.settings.http.trusted_proxies
    config = uvicorn.Config(
        server.app,
        http=PatientHttp,
        # Without, any program on this machine could say that it is somebody else.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=[*proxies],
        ws="websockets-sansio",
        ws_max_size=LINK_FRAME_LIMIT_BYTES,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        lifespan="on",
        # Our own log has a line for each request, without tokens.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return _Uvicorn(config, server.close, ready)


def serve(server: Server, sock: socket.socket, ready: Callable[[], None]) -> bool:
    """Run until a signal ends it; whether it came up at all."""
    manager = ServiceManager()

    def now_ready() -> None:
        manager.ready()
        ready()

    uvicorn_server = uvicorn_for(server, now_ready)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            alive = group.create_task(manager.keep_alive())
            await uvicorn_server.serve(sockets=[sock])
            manager.stopping()
            alive.cancel()

    with (
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
        contextlib.suppress(KeyboardInterrupt),
    ):
        runner.run(run())
    return uvicorn_server.started


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if importlib.util.find_spec("uvloop"):
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop
