"""`python -m cloud run | check | show-config | version`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from protocol.settings import (
    SettingsError,
    add_flags,
    given_flags,
    refuse_unknown_flags,
    render,
)

# For settings and everything else that a person can put right (as systemd and shells expect).
_EXIT_WRONG = 2


def main(arguments: list[str]) -> int:
    """Carry out one command; its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said in one sentence instead of a traceback
        return _fail("Python 3.11 or newer is needed.")
    try:
        from cloud.shared.settings import read_settings
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is not installed. Run make setup, or pip install '.[cloud]'.")
    try:
        chosen = _chosen(arguments)
        if chosen.command == "version":
            print(_version())
            return 0
        warnings: list[str] = []
        settings = read_settings(chosen.config, os.environ, given_flags(chosen), warnings.append)
        for sentence in warnings:
            print(sentence, file=sys.stderr)
        if chosen.command == "show-config":
            print(render(settings), end="")
            return 0
        from cloud.running import check, run
        from cloud.shared import logs

        logs.set_up(settings.log.level)
        commands: dict[str, Callable[[], int]] = {
            "check": lambda: check(settings),
            "run": lambda: run(settings),
        }
        return commands[chosen.command]()
    except SettingsError as error:
        return _fail(str(error))


def _chosen(arguments: list[str]) -> argparse.Namespace:
    from cloud.shared.settings import Settings

    parser = _Parser(prog="python -m cloud", description=__doc__, allow_abbrev=False)
    parser.add_argument("command", choices=("run", "check", "show-config", "version"))
    parser.add_argument("--config", type=Path, help="A settings file (TOML).")
    add_flags(parser, Settings)
    chosen, rest = parser.parse_known_args(arguments)
    refuse_unknown_flags(rest, parser)
    return chosen


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, like everything else here."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise SettingsError(f"{message[:1].upper()}{message[1:]}. --help shows what there is.")


def _version() -> str:
    try:
        return version("doorstep")
    except PackageNotFoundError:
        return "not installed: run from its source"


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return _EXIT_WRONG
