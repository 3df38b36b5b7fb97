"""What the keeper is told: by its command line, or by the doorbell's settings file.

Read by hand: argparse would cost the process a fifth of its memory.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from hardware.keeper.chip import LineRelay
from hardware.keeper.relay import FILE_PREFIX, FileRelay, Relay
from hardware.pin_rules import fault_of

USAGE = """\
python -m hardware.keeper: keep the lock's relay until told to end.

--config FILE      the doorbell's settings file, for pins.lock, pins.inverted and lock.keeper
--pin NUMBER       GPIO of the relay, instead of the file's
--inverted         the relay closes when its pin is low
--socket PATH      where the doorbell finds the keeper
--allow USER       who may open, beside this user; may be given several times
--relay file:PATH  write 0 or 1 there instead of moving a pin
--release          lock and go"""

# As the doorbell's own settings have it, which the keeper must not need.
DEFAULT_PIN = 22
DEFAULT_SOCKET = "/run/doorstep-lock/socket"

_WITH_VALUE = ("--config", "--pin", "--socket", "--allow", "--relay")
_SWITCHES = ("--inverted", "--release")


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
    chosen = _chosen(arguments)
    pins, lock = _settings(_last(chosen, "--config"))
    path = _last(chosen, "--socket") or lock.get("keeper", DEFAULT_SOCKET)
    return Told(_relay(chosen, pins), str(path), _allowed(chosen), "--release" in chosen)


def _chosen(arguments: list[str]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    rest = iter(arguments)
    for name in rest:
        values = chosen.setdefault(name, [])
        if name in _SWITCHES:
            continue
        if name not in _WITH_VALUE:
            raise ArgumentError(f"Unknown argument {name}.\n\n{USAGE}")
        value = next(rest, None)
        if value is None:
            raise ArgumentError(f"{name} needs a value.\n\n{USAGE}")
        values.append(value)
    return chosen


def _last(chosen: dict[str, list[str]], name: str) -> str | None:
    return chosen.get(name, [None])[-1]


def _relay(chosen: dict[str, list[str]], pins: dict[str, Any]) -> Relay:
    if relay := _last(chosen, "--relay"):
        if not relay.startswith(FILE_PREFIX):
            raise ArgumentError(f"--relay {relay} is not known. Write file:PATH.")
        return FileRelay(relay.removeprefix(FILE_PREFIX))
    inverted = "--inverted" in chosen or "lock" in pins.get("inverted", ())
    pin = _pin(_last(chosen, "--pin") or pins.get("lock", DEFAULT_PIN))
    if fault := fault_of({"lock": pin}, {"lock"} if inverted else ()):
        raise ArgumentError(f"{fault[0].upper()}{fault[1:]}.")
    return LineRelay(pin, inverted)


def _pin(told: object) -> int:
    text = str(told)
    if not text.isdecimal():
        raise ArgumentError(f"The lock's pin {text} is no number. Choose one from 9 to 27.")
    return int(text)


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


def _allowed(chosen: dict[str, list[str]]) -> frozenset[int]:
    return frozenset({os.geteuid(), *map(_user, chosen.get("--allow", ()))})


def _user(name: str) -> int:
    import pwd

    try:
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise ArgumentError(f"There is no user {name}. Install the package doorstep.") from error
