"""`python -m device run | check | show-config | pair | phones … | reset | status | twin … | …`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import StartError
from protocol.settings import (
    SettingsError,
    add_flags,
    given_flags,
    refuse_unknown_flags,
    render,
)

if TYPE_CHECKING:
    from device.settings import Settings

# For settings and everything else that a person can put right.
EXIT_WRONG = 2
# Short names of what is said most often.
SHORTCUTS = {
    "--board": "--doorbell-board",
    "--name": "--doorbell-name",
    "--camera": "--camera-source",
    "--sound": "--sound-source",
    "--server": "--server-url",
    "--state": "--state-directory",
}
COMMANDS = ("run", "check", "show-config", "pair", "phones", "reset", "status", "audit", "twin",
            "welcome", "version")  # fmt: skip
TWIN_COMMANDS = ("press", "walk-past", "leave", "speak", "state", "history")


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; its exit code. Bad input is one sentence on stderr and code 2."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said in one sentence instead of a traceback
        return _fail("Doorstep needs Python 3.11 or newer. Install it, then run make again.")
    try:
        return _carry_out(_chosen(arguments))
    except (SettingsError, StartError) as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is not installed. Run make setup, or pip install '.[device]'.")
    except BrokenPipeError:
        return 0


def _carry_out(chosen: argparse.Namespace) -> int:
    from device import commands, phone_commands
    from device.settings import read_settings

    if chosen.command == "version":
        return commands.show_version()
    warnings: list[str] = []
    settings = read_settings(chosen.config, os.environ, given_flags(chosen), warnings.append)
    if chosen.command not in ("run", "check"):
        # These two tell it in their own way.
        _tell(warnings)
    if chosen.command == "twin":
        return commands.drive_twin(settings, chosen.words)
    if chosen.command == "phones":
        return phone_commands.phones(settings, tuple(chosen.words))
    if chosen.command == "audit":
        return _audit(settings, chosen)
    if chosen.command == "check" and chosen.words == ["sound"]:
        return _check_sound(settings)
    if chosen.words:
        raise SettingsError(f"Unknown argument {chosen.words[0]}. --help shows what there is.")
    by_name: dict[str, Callable[[], int]] = {
        "run": lambda: commands.run(settings, warnings),
        "check": lambda: commands.check(settings, warnings),
        "show-config": lambda: _show(render(settings)),
        "pair": lambda: commands.pair(settings),
        "reset": lambda: phone_commands.reset(settings, sure=chosen.yes),
        "status": lambda: commands.status(settings),
        "welcome": lambda: commands.welcome(settings),
    }
    return by_name[chosen.command]()


def _check_sound(settings: Settings) -> int:
    from device.sound_check import check_sound

    return check_sound(settings)


def _audit(settings: Settings, chosen: argparse.Namespace) -> int:
    from device.audit_commands import audit

    return audit(settings, chosen.words, chosen.out)


def _chosen(arguments: Sequence[str]) -> argparse.Namespace:
    from device.settings import Settings

    parser = _Parser(
        prog="python -m device", description=_DESCRIPTION, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("command", choices=COMMANDS, metavar="command", help=", ".join(COMMANDS))
    parser.add_argument(
        "words", nargs="*", default=[],
        help=f"after twin: {', '.join(TWIN_COMMANDS)}; after phones: remove ID-OR-NAME",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="of reset: do not ask")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a settings file (TOML)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="after audit export")
    add_flags(parser, Settings)
    _add_shortcuts(parser)
    chosen, rest = parser.parse_known_args(arguments)
    refuse_unknown_flags(rest, parser)
    return chosen


def _add_shortcuts(parser: argparse.ArgumentParser) -> None:
    """Short names for flags that `add_flags` has made."""
    made = {name: action.dest for action in parser._actions for name in action.option_strings}
    for short, long in SHORTCUTS.items():
        parser.add_argument(short, dest=made[long], metavar="…", default=argparse.SUPPRESS,
                            help=f"same as {long}")  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, like everything else here."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise SettingsError(f"{message[:1].upper()}{message[1:]}. --help shows what there is.")


def _tell(warnings: Iterable[str]) -> None:
    for sentence in warnings:
        print(sentence, file=sys.stderr)


def _show(text: str) -> int:
    print(text, end="")
    return 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return EXIT_WRONG


_DESCRIPTION = """The doorbell.

  run            be a doorbell until Ctrl-C
  check          say what was found and what is missing, and how to get it; check sound plays
                 something and says how well the microphone hears the speaker
  show-config    print the settings in force, with their meaning
  pair           print a fresh pairing link for one phone, as text and as QR code
  phones         list the phones and their rights; phones remove ID-OR-NAME takes one out
  reset          take all phones out, when none is left that manages the household
  status         say how the running doorbell is
  audit COMMAND  verify the audit log, or export it (--out FILE)
  welcome        show codes on this screen until the first phone is paired
  twin COMMAND   drive a running twin: press, walk-past, leave, speak FILE, state, history
  version        print the version

Settings come from the file, then from DOORSTEP_… variables, then from flags.
"""
