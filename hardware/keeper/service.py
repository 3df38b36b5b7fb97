"""The keeper at work: one loop over its socket, its client and the clock."""

from __future__ import annotations

import select
import signal
import socket
import struct
import time
from collections.abc import Callable

from hardware.keeper import core
from hardware.keeper.notify import Notifier
from hardware.keeper.relay import Relay
from hardware.keeper.words import LINE_LIMIT_BYTES, LOCKED, read

# struct ucred of unix(7): pid, uid, gid.
CREDENTIALS = struct.Struct("3i")
# When this loop itself hangs during a pulse, the kernel ends the process, and so gives back the
# line, so long after the pulse should have ended.
HUNG_S = 0.5

Log = Callable[[str], None]


class Keeper:
    """Serves one doorbell at a time. The relay is open and off, the listener bound."""

    def __init__(
        self, relay: Relay, listener: socket.socket, allowed: frozenset[int], log: Log
    ) -> None:
        """`allowed` are the user ids of doorbells."""
        self._relay, self._listener, self._allowed, self._log = relay, listener, allowed, log
        self._state = core.State()
        self._client: socket.socket | None = None
        self._client_is_deaf = False
        self._notifier = Notifier()
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)

    def run(self) -> None:
        """Until a signal's handler raises; the relay is off whatever ends it."""
        self._notifier.ready()
        self._tell_status()
        try:
            while True:
                self._notifier.alive()
                happened = self._poll.poll(self._patience_ms())
                self._become(core.tick(self._state, time.monotonic()))
                files = [file for file, _ in happened]
                # Who is served comes first: they may be gone, and make room for the next.
                if self._client is not None and self._client.fileno() in files:
                    self._hear(self._client)
                if self._client is not None and self._client_is_deaf:
                    self._part_from(self._client)
                if self._listener.fileno() in files:
                    self._welcome()
        finally:
            self._become(core.leave(self._state))

    def _patience_ms(self) -> float | None:
        due, period_s = core.due(self._state), self._notifier.period_s
        waits_s = [] if due is None else [max(0.0, due - time.monotonic())]
        if period_s is not None:
            waits_s.append(period_s)
        # Rounded up, so that the loop does not spin through the last millisecond.
        return min(waits_s) * 1000 + 1 if waits_s else None

    def _welcome(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        client.setblocking(False)
        user = _user_of(client)
        if user not in self._allowed:
            self._log(f"user {user} is refused")
            client.close()
            return
        said = core.admit(self._state, time.monotonic())
        if not said.hang_up:
            self._client = client
            self._poll.register(client, select.POLLIN)
            self._log("the doorbell is here")
        self._act(said, client)

    def _hear(self, client: socket.socket) -> None:
        try:
            packet = client.recv(LINE_LIMIT_BYTES + 1)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._part_from(client)
            return
        self._act(core.hear(self._state, read(packet), time.monotonic()), client)

    def _act(self, said: core.Said, client: socket.socket) -> None:
        """The relay first, then the word about it."""
        self._become(said.state)
        if said.answer is not None:
            self._say(client, said.answer)
        if said.hang_up:
            self._forget(client)

    def _become(self, state: core.State) -> None:
        was_open, self._state = self._state.is_open, state
        if state.is_open is was_open:
            return
        if state.is_open:
            signal.setitimer(signal.ITIMER_REAL, state.opened_for_s + HUNG_S)
        self._relay.set(state.is_open)
        if not state.is_open:
            signal.setitimer(signal.ITIMER_REAL, 0)
        # In the log before anybody is told: a signal may end this process at any point.
        self._log(f"unlocked for {state.opened_for_s:.1f} s" if state.is_open else "locked")
        if not state.is_open and self._client is not None:
            self._say(self._client, LOCKED)
        self._tell_status()

    def _say(self, client: socket.socket, word: str) -> None:
        try:
            client.send(word.encode())
        except OSError:
            # Whoever does not listen is gone, or as good as gone, whatever they had still to say.
            self._client_is_deaf = client is self._client

    def _part_from(self, client: socket.socket) -> None:
        self._become(core.leave(self._state))
        self._forget(client)

    def _forget(self, client: socket.socket) -> None:
        if client is self._client:
            self._poll.unregister(client)
            self._client, self._client_is_deaf = None, False
            self._log("the doorbell is gone")
        client.close()
        self._tell_status()

    def _tell_status(self) -> None:
        lock = "Unlocked" if self._state.is_open else "Locked"
        self._notifier.status(f"{lock}, {'serving' if self._client else 'without'} a doorbell")


def _user_of(client: socket.socket) -> int:
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    user: int = CREDENTIALS.unpack(credentials)[1]
    return user
