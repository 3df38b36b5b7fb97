"""python -m hardware.keeper: keep the lock's relay until told to end."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from contextlib import suppress

from hardware.keeper.arguments import ArgumentError, Told, told
from hardware.keeper.relay import RelayError
from hardware.keeper.service import Keeper

# The doorbell, and another one that has to be told that the place is taken.
WAITING_LIMIT = 4


class _ToldToEndError(Exception):
    """Raised by a signal, wherever the process stands; the relay goes on the way out."""


def main(arguments: list[str]) -> int:
    """The process' exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        _keep(told(arguments))
    except _ToldToEndError:
        log("told to end")
    except (ArgumentError, RelayError) as error:
        log(str(error))
        return 1
    except OSError as error:
        log(f"The lock's process failed and has locked: {error.strerror}.")
        return 1
    return 0


def _keep(what: Told) -> None:
    # The relay before the socket: whoever holds it is the only keeper.
    with what.relay:
        if what.release:
            log("locked, for the one who kept it")
            return
        with _listener(what.socket) as listener:
            Keeper(what.relay, listener, what.allowed, log).run()


def _listener(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        _clear(path)
        listener.bind(path)
        # Nobody can connect before `listen`, so nobody does with other rights.
        os.chmod(path, 0o660)
        listener.listen(WAITING_LIMIT)
    except OSError as error:
        listener.close()
        raise RelayError(f"The socket {path} cannot be made: {error.strerror}.") from error
    listener.setblocking(False)
    return listener


def _clear(path: str) -> None:
    """Take away what an earlier keeper left, and nothing but a socket."""
    try:
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)
    except FileNotFoundError:
        pass


def _end(number: int, frame: object) -> None:
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    raise _ToldToEndError


def log(line: str) -> None:
    """One line for the journal, which adds time and name; in one piece, whatever comes between."""
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
