"""What the keeper is told: by its command line, or by the doorbell's settings file."""

from __future__ import annotations

import os
import pwd
from argparse import ArgumentParser, Namespace
from pathlib import PurePath
from typing import Any, NamedTuple

from hardware.keeper.chip import LineRelay
from hardware.keeper.relay import FILE_PREFIX, FileRelay, Relay

# As device.settings has it, which the keeper must not need.
DEFAULT_PIN = 22
DEFAULT_SOCKET = "/run/doorstep-lock/socket"


class ArgumentError(ValueError):
    """What the keeper was told is wrong; the text is one sentence with the remedy."""


class Told(NamedTuple):
    """`allowed` are the user ids that may open."""

    relay: Relay
    socket: str
    allowed: frozenset[int]
    release: bool


def told(arguments: list[str]) -> Told:
    """Raises ArgumentError; the relay is not opened yet."""
    chosen = _parser().parse_args(arguments)
    pins, lock = _settings(chosen.config)
    path = chosen.socket or lock.get("keeper", DEFAULT_SOCKET)
    return Told(_relay(chosen, pins), str(path), _allowed(chosen.allow), chosen.release)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m hardware.keeper", description="Keep the lock's relay.")
    parser.add_argument("--config", help="the doorbell's settings file")
    parser.add_argument("--pin", type=int, help="GPIO of the relay, instead of the file's")
    parser.add_argument("--inverted", action="store_true", help="the relay closes on low")
    parser.add_argument("--socket", help="where the doorbell finds the keeper")
    parser.add_argument("--allow", action="append", help="a user who may open, beside this one")
    parser.add_argument("--relay", help="file:PATH writes 0 or 1 there instead of a pin")
    parser.add_argument("--release", action="store_true", help="lock and go")
    return parser


def _relay(chosen: Namespace, pins: dict[str, Any]) -> Relay:
    if chosen.relay:
        if not chosen.relay.startswith(FILE_PREFIX):
            raise ArgumentError(f"--relay {chosen.relay} is not known. Write file:PATH.")
        return FileRelay(PurePath(chosen.relay.removeprefix(FILE_PREFIX)))
    pin = chosen.pin if chosen.pin is not None else pins.get("lock", DEFAULT_PIN)
    inverted = chosen.inverted or "lock" in pins.get("inverted", ())
    if not isinstance(pin, int) or not 0 <= pin <= 27:
        raise ArgumentError(f"pins.lock is {pin}, which is no pin. Choose one from 0 to 27.")
    return LineRelay(pin, inverted=inverted)


def _settings(path: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables [pins] and [lock] of the settings file; a doorbell needs no file."""
    if path is None:
        return {}, {}
    import tomllib

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except FileNotFoundError:
        return {}, {}
    except OSError as error:
        raise ArgumentError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} is not valid TOML: {error}.") from error
    return _table(tables, "pins", path), _table(tables, "lock", path)


def _table(tables: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ArgumentError(f"{name} in {path} is no table. Write [{name}] above its settings.")
    return table


def _allowed(names: list[str] | None) -> frozenset[int]:
    return frozenset({os.geteuid(), *(_user(name) for name in names or ())})


def _user(name: str) -> int:
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise ArgumentError(f"There is no user {name}. Install the package doorstep.") from error
