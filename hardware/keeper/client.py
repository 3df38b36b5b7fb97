"""The doorbell's side: a lock whose relay another process keeps."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from hardware.errors import BusyError, ClosedError, HardwareError, MissingError, StalledError
from hardware.keeper import words
from hardware.limits import LOCK_PULSE_LIMIT_S

DEFAULT_SOCKET = Path("/run/doorstep-lock/socket")
# The keeper does nothing else; one that needs this long hangs.
ANSWER_LIMIT_S = 0.5
# Four of them fit into the silence that the keeper bears.
BEAT_EVERY_S = 0.25
# A keeper that was restarted is back within a second or two.
RETRY_EVERY_S = 1.0

_START = "Start it: sudo systemctl start doorstep-lock"
_RESTART = "Restart it: sudo systemctl restart doorstep-lock"
_OPEN_ALREADY = "The door is already open. Wait until it has locked."

log = logging.getLogger(__name__)


class KeptLock:
    """An electric strike behind the keeper at `path`.

    Calls wait for the keeper's word, ANSWER_LIMIT_S at most. While a pulse runs the event loop
    beats: when it hangs, the keeper locks. A keeper that goes is looked for until it is back.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or DEFAULT_SOCKET
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: socket.socket | None = None
        self._served = self._unlocked = self._taken = False
        self._settled = asyncio.Event()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            self._connect()
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await self._settled.wait()
            self._kept()
        except TimeoutError as error:
            await self.close()
            raise StalledError(f"The lock's process does not answer. {_RESTART}") from error
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._loop is not None:
            with suppress(HardwareError):
                self.secure()
            self._hang_up()
            self._loop = None

    @property
    def unlocked(self) -> bool:
        self._listen()
        return self._unlocked

    def pulse(self, seconds: float) -> None:
        """Open for `seconds`, at most LOCK_PULSE_LIMIT_S; BusyError while a pulse runs."""
        if seconds <= 0:
            raise ValueError(f"A lock opens for more than no time, not {seconds:g} s.")
        line = self._kept()
        if self._unlocked:
            raise BusyError(_OPEN_ALREADY)
        bounded = min(seconds, LOCK_PULSE_LIMIT_S)
        self._say(line, words.pulse(bounded))
        answer = self._answer(
            line, lambda word: words.is_opened(word) or word in (words.BUSY, words.REST)
        )
        if answer == words.BUSY:
            raise BusyError(_OPEN_ALREADY)
        if answer == words.REST:
            raise BusyError("The lock has opened too often. Wait a minute, or use the key.")
        log.info("unlocked for %.1f s", bounded)
        self._later("beat", BEAT_EVERY_S, self._beat)

    def secure(self) -> None:
        """Lock now."""
        line = self._kept()
        self._say(line, words.SECURE.encode())
        self._answer(line, words.LOCKED.__eq__)

    def check(self) -> None:
        """Raises HardwareError while the keeper is not there; looks for it by itself meanwhile."""
        self._kept()

    # The line.

    def _kept(self) -> socket.socket:
        """The line to a keeper that serves us, with all heard that it has said so far."""
        if self._loop is None:
            raise ClosedError("The lock is closed.")
        self._listen()
        if self._taken:
            raise BusyError("The lock is held by another doorbell. Stop that one.")
        if self._line is None or not self._served:
            raise MissingError(f"The lock's process is not there. {_START}")
        return self._line

    def _connect(self) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.setblocking(False)
        try:
            line.connect(str(self._path))
        except PermissionError as error:
            line.close()
            raise MissingError(
                f"{self._path} is not for this user. Run as the user doorstep."
            ) from error
        except OSError as error:
            line.close()
            raise MissingError(f"The lock's process is not there. {_START}") from error
        self._line, self._taken = line, False
        self._running().add_reader(line, self._listen)

    def _retry(self) -> None:
        try:
            self._connect()
        except MissingError:
            self._later("retry", RETRY_EVERY_S, self._retry)

    def _say(self, line: socket.socket, packet: bytes) -> None:
        try:
            line.send(packet)
        except OSError as error:
            self._lose()
            raise StalledError(f"The lock's process does not listen. {_RESTART}") from error

    def _answer(self, line: socket.socket, fits: Callable[[str], bool]) -> str:
        """The next word that fits; what else is said meanwhile is heard as well."""
        deadline_s = time.monotonic() + ANSWER_LIMIT_S
        waiting = select.poll()
        waiting.register(line, select.POLLIN)
        while (left_s := deadline_s - time.monotonic()) > 0:
            if waiting.poll(left_s * 1000):
                word = self._hear(line)
                if word is None:
                    raise MissingError(f"The lock's process went away. {_START}")
                if fits(word):
                    return word
        # Hanging up locks, whenever the keeper comes round.
        self._lose()
        raise StalledError(f"The lock's process does not answer. {_RESTART}")

    def _listen(self) -> None:
        """Hear all that the keeper has said so far."""
        while self._line is not None:
            if not self._hear(self._line):
                return

    def _hear(self, line: socket.socket) -> str | None:
        """One word, "" when there is none yet; None when the line is gone."""
        try:
            word = line.recv(words.LINE_LIMIT_BYTES).decode("ascii", "replace")
        except BlockingIOError:
            return ""
        except OSError:
            word = ""
        if not word:
            self._lose()
            return None
        self._note(word)
        return word

    def _note(self, word: str) -> None:
        self._taken = word == words.BUSY and not self._served
        if not self._served and word == words.LOCKED:
            self._served = True
            log.info("the lock's process is there")
        was_unlocked, self._unlocked = self._unlocked, self._now_unlocked(word)
        if was_unlocked and not self._unlocked:
            self._forget("beat")
            log.info("locked")
        self._settled.set()

    def _now_unlocked(self, word: str) -> bool:
        if words.is_opened(word):
            return True
        return self._unlocked and word != words.LOCKED

    def _lose(self) -> None:
        """The keeper is gone, and so is whatever it kept open; look for it again."""
        was_served = self._served
        self._hang_up()
        self._settled.set()
        if was_served:
            log.warning("the lock's process is gone; the door stays locked until it is back")
        self._later("retry", RETRY_EVERY_S, self._retry)

    def _hang_up(self) -> None:
        for name in tuple(self._timers):
            self._forget(name)
        if self._line is not None:
            self._running().remove_reader(self._line)
            self._line.close()
        self._line, self._served, self._unlocked = None, False, False

    # Time, by the event loop alone: when it hangs, the beats end.

    def _beat(self) -> None:
        line = self._line
        if line is not None and self.unlocked:
            with suppress(HardwareError):
                self._say(line, words.BEAT.encode())
                self._later("beat", BEAT_EVERY_S, self._beat)

    def _later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        self._forget(name)
        self._timers[name] = self._running().call_later(seconds, act)

    def _forget(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise ClosedError("The lock is closed.")
        return self._loop
