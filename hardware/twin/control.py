"""Driving a running twin from another process: one JSON object a line on a Unix-domain socket.

Request {"do": "press"}, reply {"ok": true, …} or {"ok": false, "error": "one sentence"}.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import socket
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

from hardware.bridge import now_us
from hardware.errors import BusyError, HardwareError, MissingError
from hardware.sound_file import Samples, read_sound
from hardware.twin.world import World

# A command is a word and a path; more is not one.
LINE_LIMIT_BYTES = 8192
# The twin answers at once; decoding a long sound file takes a second.
REPLY_TIMEOUT_S = 10.0
HISTORY_REPLY_LIMIT = 200

_log = logging.getLogger(__name__)
Reply = dict[str, Any]


def send(socket_path: Path, command: str, **args: Any) -> Reply:
    """Tell a running twin to do something; returns its reply without the `ok`.

    Commands: press, release, walk_past, leave, clear, speak (path), stall (on), state, history.
    Raises MissingError when no twin runs there, HardwareError with the twin's own words.
    """
    request = json.dumps({"do": command, **args}, default=str).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(REPLY_TIMEOUT_S)
            line.connect(str(socket_path))
            line.sendall(request)
            answer = line.makefile("rb").readline()
    except TimeoutError as error:
        raise HardwareError("The twin does not answer. Restart it with: make run") from error
    except OSError as error:
        raise MissingError("No twin is running here. Start it with: make run") from error
    if not answer:
        raise HardwareError("The twin hung up. Look at its log.")
    reply: Reply = json.loads(answer)
    if not reply.pop("ok"):
        raise HardwareError(str(reply["error"]))
    return reply


class ControlServer:
    """Listens for `send` while a twin lives."""

    def __init__(self, world: World, path: Path) -> None:
        self._world, self._path = world, path
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            _remove_stale(self._path)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._server = await loop.create_unix_server(
                partial(_Connection, self._world), str(self._path)
            )
            self._path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        except OSError as error:
            if error.errno in (errno.EROFS, errno.ENOSPC, errno.EACCES):
                # A twin on a card that takes nothing is a doorbell like others.
                _log.warning("the twin cannot be driven: %s", error)
                return self
            raise MissingError(
                f"The twin cannot listen at {self._path}: {error.strerror or error}."
                " Choose a shorter path in a folder that you may write to."
            ) from error
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        server, self._server = self._server, None
        if server:
            server.close()
            self._path.unlink(missing_ok=True)


class _Connection(asyncio.Protocol):
    """One client; every line is answered by a line."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._act(line)
        if len(self._received) > LINE_LIMIT_BYTES:
            self._refuse("The command is too long.")
            if self._transport:
                self._transport.close()

    def _act(self, line: bytes) -> None:
        try:
            request = json.loads(line)
            command = _COMMANDS[request.pop("do")]
        except (ValueError, KeyError, AttributeError, TypeError):
            self._refuse(f"The twin knows these commands: {', '.join(_COMMANDS)}, speak.")
            return
        try:
            if command is _speak:
                self._speak_later(Path(request["path"]))
            else:
                self._reply({"ok": True, **command(self._world, **request)})
        except (TypeError, KeyError):
            self._refuse("The command's arguments do not fit.")
        except HardwareError as error:
            self._refuse(str(error))

    def _speak_later(self, path: Path) -> None:
        # Decoding may take a second; the doorbell's loop must not wait for it.
        loop = asyncio.get_running_loop()
        decoded = loop.run_in_executor(None, read_sound, path)
        decoded.add_done_callback(self._spoken)

    def _spoken(self, decoded: asyncio.Future[Samples]) -> None:
        if decoded.cancelled():
            return
        if error := decoded.exception():
            self._refuse(str(error))
        else:
            seconds = self._world.voice.say(decoded.result())
            self._reply({"ok": True, "seconds": seconds, "at_us": now_us()})

    def _refuse(self, sentence: str) -> None:
        self._reply({"ok": False, "error": sentence})

    def _reply(self, reply: Reply) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(json.dumps(reply).encode() + b"\n")


def _press(world: World) -> Reply:
    world.press()
    return {}


def _release(world: World) -> Reply:
    world.release()
    return {}


def _walk_past(world: World) -> Reply:
    world.walk_past()
    return {}


def _leave(world: World) -> Reply:
    world.leave()
    return {}


def _clear(world: World) -> Reply:
    world.clear()
    return {}


def _speak(world: World, path: str) -> Reply:
    return {"seconds": world.speak(Path(path))}


def _stall(world: World, on: bool = True) -> Reply:
    world.stalled = bool(on)
    return {"stalled": world.stalled}


def _state(world: World) -> Reply:
    pose = world.pose()
    parts = {part: world.active(part) for part in ("button", "motion", "lock", "light", "chime")}
    ears = world.ears
    heard = {
        "rms": round(ears.rms(1.0), 1),
        "peak": ears.peak(1.0),
        "began_us": ears.began_us(),
    }
    return {**parts, "visitor": pose.doing.value if pose else None, "heard": heard}


def _history(world: World, part: str | None = None) -> Reply:
    happenings = world.history if part is None else world.history_of(part)
    newest = happenings[-HISTORY_REPLY_LIMIT:]
    return {"history": [{"part": h.part, "active": h.active, "at_us": h.at_us} for h in newest]}


_COMMANDS: dict[str, Callable[..., Reply]] = {
    "press": _press, "release": _release, "walk_past": _walk_past, "leave": _leave,
    "clear": _clear, "speak": _speak, "stall": _stall, "state": _state, "history": _history,
}  # fmt: skip


def _remove_stale(path: Path) -> None:
    """Clear a socket that a killed twin left behind; BusyError when one is alive."""
    if not path.is_socket():
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1.0)
        line.connect(str(path))
        raise BusyError(f"A twin is already running at {path}. Stop it first.")
    path.unlink(missing_ok=True)
