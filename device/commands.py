"""What the command line does, command by command. Everything printed is read by a stranger."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from device import logs, memory, wiring
from device.checks.report import lines, sections
from device.errors import StartError
from device.program import typed
from device.services.admin import ask
from device.settings import Settings

log = logging.getLogger(__name__)

WHOLE = "All is there."
INCOMPLETE = (
    "Something is MISSING. The doorbell starts without it and says so on the phones;\n"
    "put it right, then check again."
)

PAIRING_LINES = """
To pair a phone, open this link on it, or scan the code. It works once, for ten minutes:

  {link}
"""


def run(settings: Settings, warnings: Sequence[str] = ()) -> int:
    """Be a doorbell until told to stop."""
    memory.stay_small()
    from device.app import Greeting, serve

    def greet(greeting: Greeting) -> None:
        print(f"{greeting.name} is ready.")
        print(f"  board   {greeting.board}")
        print(f"  server  {greeting.server}")
        print(f"  state   {greeting.state}")
        for part, why in greeting.absent.items():
            print(f"  without {part}: {why}")
        # A journal is read by others, and for longer than a code lives.
        if greeting.pairing_link is not None and "JOURNAL_STREAM" not in os.environ:
            print_pairing(greeting.pairing_link)
        sys.stdout.flush()

    logs.set_up(settings.log.level)
    for sentence in warnings:
        log.warning("%s", sentence)
    asyncio.run(serve(settings, greet))
    return 0


def check(settings: Settings, warnings: Sequence[str] = ()) -> int:
    """Print what was found; exit code 1 when something is missing."""
    complete = True
    for section in sections(settings, warnings):
        complete = complete and section.complete
        print("\n".join(lines([section])), flush=True)
    print(WHOLE if complete else INCOMPLETE)
    return 0 if complete else 1


def pair(settings: Settings) -> int:
    """Ask the running doorbell for a fresh link, and print it."""
    told = ask(_state(settings), "pair")
    print_pairing(str(told["link"]))
    print(f"It may then: {' '.join(told['rights'])}.")
    if "admin" not in told["rights"]:
        print("A phone that manages the household can change that, and make codes of its own.")
    return 0


def welcome(settings: Settings) -> int:
    """Show how to pair, on the screen of a fresh doorbell, until a phone is paired."""
    from device.welcome import Screen
    from device.welcome import welcome as show_until_paired

    def ask_doorbell(command: str) -> dict[str, Any]:
        return ask(_state(settings), command)

    show_until_paired(Screen(ask_doorbell, _show, print_pairing))
    return 0


def status(settings: Settings) -> int:
    """Print how the running doorbell is."""
    told = ask(_state(settings), "status")
    phones = ", ".join(told["phones"]) or f"none; {typed('pair')} invites one"
    print(f"{told['name']}: {told['summary']}")
    print(f"  server  {'linked' if told['linked'] else 'not reached; trying again'}")
    print(f"  phones  {phones}")
    for part, detail in told["faults"].items():
        print(f"  {part}: {detail}")
    return 0


def drive_twin(settings: Settings, words: Sequence[str]) -> int:
    """Tell the running twin to do something."""
    from hardware.errors import HardwareError
    from hardware.twin.control import send

    command, *rest = words or ("",)
    socket = _state(settings) / wiring.TWIN_SOCKET_NAME
    try:
        if command in ("press", "walk-past", "leave") and not rest:
            send(socket, command.replace("-", "_"))
        elif command == "speak" and len(rest) == 1:
            send(socket, "speak", path=Path(rest[0]).absolute())
        elif command in ("state", "history") and not rest:
            print(json.dumps(send(socket, command), indent=2))
        else:
            raise StartError("Say one of: twin press, twin walk-past, twin leave, twin speak FILE,"
                             " twin state, twin history.")  # fmt: skip
    except HardwareError as error:
        raise StartError(str(error)) from error
    return 0


def show_version() -> int:
    try:
        print(version("doorstep"))
    except PackageNotFoundError:
        print("not installed: run from its source")
    return 0


def print_pairing(link: str) -> None:
    """The link, and its QR code for the camera of a phone."""
    print(PAIRING_LINES.format(link=link))
    import segno

    segno.make(link, error="m").terminal(compact=True, border=2)
    sys.stdout.flush()


def _show(text: str) -> None:
    print(text, flush=True)


def _state(settings: Settings) -> Path:
    return settings.state.directory.expanduser().absolute()
