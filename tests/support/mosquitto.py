"""A real Mosquitto on loopback that tests may start, stop and kill."""

from __future__ import annotations

import asyncio
import getpass
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

from scripts.stack import free_port, listens

START_LIMIT_S = 10.0
STOP_LIMIT_S = 5.0
LOOK_EVERY_S = 0.02
# Debian keeps it out of the path of ordinary users.
PROGRAM = "/usr/sbin/mosquitto"
PASSWORDS = "/usr/bin/mosquitto_passwd"
EXAMPLE = Path(__file__).parents[2] / "docs" / "mosquitto"


class Mosquitto:
    """`async with Mosquitto(folder) as broker`; `broker.port` stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        config = self._folder / "mosquitto.conf"
        # Started by root, it would become a user who cannot read a test's folder.
        config.write_text(f"{self._settings()}\nuser {getpass.getuser()}\n")
        self._process = await asyncio.create_subprocess_exec(
            PROGRAM, "-c", str(config),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(START_LIMIT_S):
            while not listens(self.port):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_EVERY_S)

    def _settings(self) -> str:
        return f"listener {self.port} 127.0.0.1\nallow_anonymous true"

    async def stop(self) -> None:
        """End it; what it retained is gone, too."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        async with asyncio.timeout(STOP_LIMIT_S):
            await process.wait()


class TlsMosquitto(Mosquitto):
    """With a certificate of `authority` for 127.0.0.1; `strict` asks clients for one as well."""

    def __init__(self, folder: Path, authority: trustme.CA, *, strict: bool = False) -> None:
        super().__init__(folder)
        self._strict = strict
        self._authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self._authority)
        server = authority.issue_cert("127.0.0.1")
        certificates = folder / "certs"
        certificates.mkdir()
        server.cert_chain_pems[0].write_to_path(certificates / "broker.crt")
        server.private_key_pem.write_to_path(certificates / "broker.key")

    def _settings(self) -> str:
        lines = [
            f"listener {self.port} 127.0.0.1", "allow_anonymous true",
            f"certfile {self._folder}/certs/broker.crt", f"keyfile {self._folder}/certs/broker.key",
        ]  # fmt: skip
        if self._strict:
            lines += [f"cafile {self._authority}", "require_certificate true"]
        return "\n".join(lines)


class ExampleMosquitto(TlsMosquitto):
    """The files that are shipped as an example, at another place and another port."""

    def __init__(self, folder: Path, authority: trustme.CA, users: Mapping[str, str]) -> None:
        super().__init__(folder, authority)
        self._users = users

    async def start(self) -> None:
        (self._folder / "doorstep.acl").write_bytes((EXAMPLE / "doorstep.acl").read_bytes())
        passwords = self._folder / "doorstep.passwd"
        passwords.write_text("".join(f"{user}:{word}\n" for user, word in self._users.items()))
        hashing = await asyncio.create_subprocess_exec(PASSWORDS, "-U", str(passwords))
        async with asyncio.timeout(START_LIMIT_S):
            if await hashing.wait():
                raise RuntimeError(f"{PASSWORDS} failed")
        await super().start()

    def _settings(self) -> str:
        text = (EXAMPLE / "doorstep.conf").read_text("utf-8")
        moved = text.replace("/etc/mosquitto/", f"{self._folder}/")
        return moved.replace("listener 8883\n", f"listener {self.port} 127.0.0.1\n")


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """For clients that trust this authority."""
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return trust
