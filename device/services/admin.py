"""The doorbell's own door for the people of the house: a Unix socket in the state folder.

Only who may read the folder may ask. One JSON object per line: {"do": "pair"} → {"ok": true, …}.
Some commands take a word: {"do": "remove_phone", "word": "…"}.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from device.errors import StartError
from device.program import typed
from device.services.storage import is_unwritable

log = logging.getLogger(__name__)

SOCKET_NAME = "doorbell.sock"
# A command is one word; more is not one.
LINE_LIMIT_BYTES = 1024
# The service answers from memory.
REPLY_LIMIT_S = 5.0

Reply = dict[str, Any]
Command = Callable[[], Mapping[str, object]]
WordCommand = Callable[[str], Mapping[str, object]]


class NoDoorbellError(StartError):
    """No doorbell runs there."""


class CommandRefusedError(RuntimeError):
    """The command was not carried out; the text is a sentence for the person who gave it."""


class AdminServer:
    """Listens while it is entered; knows no command before `serve`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._commands: Mapping[str, Command] = {}
        self._word_commands: Mapping[str, WordCommand] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """StartError when another doorbell lives here or the socket cannot be made.

        On a card that takes nothing the doorbell lives without its socket.
        """
        try:
            _clear(self._path)
            self._server = await asyncio.start_unix_server(
                self._attend, str(self._path), limit=LINE_LIMIT_BYTES
            )
            self._path.chmod(0o600)
        except OSError as error:
            if is_unwritable(error):
                log.warning("no command reaches this doorbell: nothing can be made in %s (%s)",
                            self._path.parent, error.strerror)  # fmt: skip
                return self
            raise StartError(
                f"The doorbell cannot listen at {self._path}: {error.strerror or error}."
                " Choose a shorter state folder that you may write to."
            ) from error
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def serve(
        self,
        commands: Mapping[str, Command],
        word_commands: Mapping[str, WordCommand] | None = None,
    ) -> None:
        """From now on, carry these out. They may raise CommandRefusedError."""
        self._commands = commands
        self._word_commands = word_commands or {}

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self._path.unlink(missing_ok=True)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, OSError, ValueError):
            async with asyncio.timeout(REPLY_LIMIT_S):
                line = await reader.readline()
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _answer(self, line: bytes) -> Reply:
        try:
            command = self._understood(json.loads(line))
        except (ValueError, KeyError, TypeError):
            known = ", ".join((*self._commands, *self._word_commands))
            return {"ok": False, "error": f"The doorbell knows these commands: {known}."}
        try:
            return {"ok": True, **command()}
        except CommandRefusedError as error:
            return {"ok": False, "error": str(error)}

    def _understood(self, asked: dict[str, Any]) -> Command:
        name = asked["do"]
        if name in self._commands:
            return self._commands[name]
        word_command, word = self._word_commands[name], asked["word"]
        if not isinstance(word, str):
            raise TypeError
        return lambda: word_command(word)


def ask(state: Path, command: str, word: str | None = None) -> Reply:
    """Ask the doorbell that keeps its state there. StartError when it says no.

    NoDoorbellError when none runs.
    """
    path = state / SOCKET_NAME
    asked = {"do": command} if word is None else {"do": command, "word": word}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(REPLY_LIMIT_S)
            line.connect(str(path))
            line.sendall(json.dumps(asked).encode() + b"\n")
            answer = line.makefile("rb").readline()
    except OSError as error:
        raise NoDoorbellError(
            f"No doorbell runs with its state in {state}."
            f" Start it with {typed('run')}, or name its folder with --state."
        ) from error
    reply: Reply = json.loads(answer) if answer else {"ok": False, "error": "It hung up."}
    if not reply.pop("ok"):
        raise StartError(str(reply["error"]))
    return reply


def _clear(path: Path) -> None:
    """Remove what a killed doorbell left behind; StartError when it is alive."""
    if not path.is_socket():
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1.0)
        line.connect(str(path))
        raise StartError(
            f"A doorbell already runs with its state in {path.parent}."
            " Stop it first, or give this one another folder with --state."
        )
    path.unlink(missing_ok=True)
