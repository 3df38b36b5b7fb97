"""What the command line does with the phones of the household: list, remove, take all out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device import wiring
from device.commands import print_pairing
from device.errors import StartError
from device.program import typed
from device.services.admin import NoDoorbellError, ask
from device.services.household import Household
from device.services.reset import ask_for_reset
from device.services.terminal import told
from device.settings import Settings

# Somebody was asked and said no.
EXIT_UNCHANGED = 1
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WARNING = """This takes all phones out of the household, with their rights and passkeys, and makes
all tokens and rules void. The doorbell keeps its key and its log. The phones are told."""


def phones(settings: Settings, words: Sequence[str]) -> int:
    """List the phones, or remove one of a running doorbell."""
    match words:
        case ():
            return _list(settings)
        case ("remove", wanted):
            gone = ask(_state(settings), "remove_phone", wanted)
            print(f"{gone['name']} ({gone['id']}) is out. It may do nothing any more.")
            return 0
        case _:
            raise StartError("Say one of: phones, phones remove ID-OR-NAME.")


def reset(settings: Settings, *, sure: bool) -> int:
    """Take all phones out, at once or at the next start, after a question."""
    state = _state(settings)
    if not (state / wiring.PHONES_NAME).exists():
        raise StartError(f"No doorbell has its phones in {state}. Name its folder with --state.")
    if not sure and not _agreed():
        print("Nothing was changed.")
        return EXIT_UNCHANGED
    try:
        link = str(ask(state, "reset")["link"])
    except NoDoorbellError:
        _reset_at_start(state)
        return 0
    print("All phones are out.")
    print_pairing(link)
    return 0


def _reset_at_start(state: Path) -> None:
    try:
        ask_for_reset(state)
    except OSError as error:
        raise StartError(f"{state} cannot be written: {error.strerror}. Free its disk.") from error
    print(
        "No doorbell runs here now. All phones are out when it starts, and it prints a code then."
    )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise StartError("This takes all phones out. Say so with --yes, or ask at a terminal.")
    print(_WARNING)
    return input("Type yes to go on: ").strip().lower() == "yes"


def _list(settings: Settings) -> int:
    """From the doorbell that runs, or from its file."""
    state = _state(settings)
    try:
        found = ask(state, "phones")["phones"]
    except NoDoorbellError:
        found = told(Household(state / wiring.PHONES_NAME).kept)
    for phone in found:
        print(_described(phone))
    if not found:
        print(f"No phone is paired. {typed('pair')} invites one.")
    return 0


def _described(phone: Mapping[str, Any]) -> str:
    rights = " ".join(phone["rights"]) or "nothing"
    lines = [f"{phone['id']}  {phone['name']}", f"  may      {rights}"]
    if phone["until_ms"] is not None:
        lines.append(f"  until    {_time(phone['until_ms'])}")
    lines += [f"  within   {_window(window)}" for window in phone["windows"]]
    if phone["passkey"]:
        lines.append("  passkey  yes")
    lines.append(f"  changed  {_time(phone['changed_ms'])}")
    return "\n".join(lines)


def _window(window: Mapping[str, Any]) -> str:
    days = " ".join(DAYS[day] for day in sorted(window["days"]))
    return f"{days} {_minute(window['start'])} to {_minute(window['end'])}"


def _minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _time(at_ms: int | None) -> str:
    if at_ms is None:
        return "not known"
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone():%Y-%m-%d %H:%M}"


def _state(settings: Settings) -> Path:
    return settings.state.directory.expanduser().absolute()
