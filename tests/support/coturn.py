"""A real coturn on loopback, and servers that never answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiortc import RTCIceServer

from protocol.api import IceServer
from scripts.stack import free_port, listens

START_LIMIT_S = 10.0
STOP_LIMIT_S = 5.0
LOOK_EVERY_S = 0.02
PROGRAM = "/usr/bin/turnserver"
USER, PASSWORD, REALM = "anna", "porch-light", "doorstep.test"
SHIPPED = Path(__file__).parents[2] / "docs" / "turnserver.conf"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files for TURN over TLS."""

    chain: Path
    key: Path


class Coturn:
    """`async with Coturn(folder) as turn`: STUN and TURN over UDP, TCP and, with a key, TLS."""

    def __init__(self, folder: Path, certificate: Certificate | None = None) -> None:
        self._log = folder / "turn.log"
        self._config = folder / "turn.conf"
        self._certificate = certificate
        self.port, self.tls_port = free_port(), free_port()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._config.write_text(self._settings())
        self._process = await asyncio.create_subprocess_exec(
            PROGRAM, "-c", str(self._config), cwd=self._config.parent,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(START_LIMIT_S):
            while not listens(self.port):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_EVERY_S)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            async with asyncio.timeout(STOP_LIMIT_S):
                await process.wait()

    @property
    def stun(self) -> RTCIceServer:
        return RTCIceServer(urls=[f"stun:127.0.0.1:{self.port}"])

    def turn(self, transport: str = "udp", host: str = "127.0.0.1") -> RTCIceServer:
        url = (
            f"turns:{host}:{self.tls_port}" if transport == "tls"
            else f"turn:{host}:{self.port}?transport={transport}"
        )  # fmt: skip
        return RTCIceServer(urls=[url], username=USER, credential=PASSWORD)

    @property
    def log(self) -> str:
        """What coturn has to say."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    @property
    def allocations(self) -> int:
        """How many are open now, by the log."""
        made = self.log.count(": new, realm=")
        return made - self.log.count(": delete: realm=")

    def _settings(self) -> str:
        lines = [
            f"listening-port={self.port}", f"tls-listening-port={self.tls_port}",
            "listening-ip=127.0.0.1", "relay-ip=127.0.0.1", "allow-loopback-peers",
            "lt-cred-mech", f"user={USER}:{PASSWORD}", f"realm={REALM}", "no-cli", "no-dtls",
            f"log-file={self._log}", "simple-log", "verbose", "fingerprint",
            f"pidfile={self._config.parent / 'turn.pid'}",
            f"userdb={self._config.parent / 'turn.db'}",
        ]  # fmt: skip
        return "\n".join((*lines, *self._tls_lines())) + "\n"

    def _tls_lines(self) -> list[str]:
        tls = self._certificate
        return [f"cert={tls.chain}", f"pkey={tls.key}"] if tls else ["no-tls"]


class HardenedCoturn(Coturn):
    """The configuration that is shipped, made to listen and relay on loopback.

    `relay` is its own address there and the only peer that a test lets it reach.
    """

    def __init__(
        self,
        folder: Path,
        secret: str,
        *,
        relay: str = "127.0.0.1",
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(folder, certificate)
        self._secret = secret
        self._relay = relay

    def lent(self, server: IceServer) -> RTCIceServer:
        """What the household's server lends, for our own port."""
        urls = [f"turn:127.0.0.1:{self.port}?transport=udp"]
        return RTCIceServer(urls=urls, username=server.username, credential=server.credential)

    def _settings(self) -> str:
        family = "ipv6" if ":" in self._relay else "ipv4"
        mine = [
            f"listening-port={self.port}", f"tls-listening-port={self.tls_port}",
            "listening-ip=127.0.0.1", f"relay-ip={self._relay}", "allow-loopback-peers",
            f"allowed-peer-ip={self._relay}", f"allocation-default-address-family={family}",
            f"static-auth-secret={self._secret}", *self._tls_lines(),
            f"log-file={self._log}", "simple-log", "verbose",
            f"pidfile={self._config.parent / 'turn.pid'}",
            f"userdb={self._config.parent / 'turn.db'}",
        ]  # fmt: skip
        return SHIPPED.read_text("utf-8") + "\n".join(mine) + "\n"


@contextmanager
def deaf_udp() -> Iterator[int]:
    """The port of a socket that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        port: int = deaf.getsockname()[1]
        yield port


@contextmanager
def hanging_tcp() -> Iterator[int]:
    """The port of a server whose queue is full, so that connecting to it hangs."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port: int = full.getsockname()[1]
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port
