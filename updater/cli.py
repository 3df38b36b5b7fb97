"""`python -m updater check | install | status | rollback | confirm`, and what the units call."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from protocol.updates import Progress
from updater.bundle import read_header
from updater.disk import Disk
from updater.errors import BusyError, UpdateError, of_disk
from updater.fetch import fetched
from updater.health import SOCKET, DoorbellLine, SystemClock, SystemdService
from updater.install import Installer, Surroundings
from updater.keys import KEYS_FOLDER, trusted_keys
from updater.lock import alone_in
from updater.mailbox import MAILBOX, open_plain, wish_in
from updater.store import FOLDER, Store
from updater.system import this_system

log = logging.getLogger(__name__)

# As everywhere else: something that a person can put right.
EXIT_WRONG = 2
COMMANDS = ("check", "install", "status", "rollback", "confirm", "boot", "run")


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; its exit code. What is wrong is one sentence on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(name)s: %(message)s")
    chosen = _parser().parse_args(arguments)
    try:
        return _carry_out(chosen)
    except UpdateError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(of_disk(error), file=sys.stderr)
    return EXIT_WRONG


def _carry_out(chosen: argparse.Namespace) -> int:
    if chosen.command == "status":
        print(told(_progress(chosen.folder)))
        return 0
    if chosen.command == "check":
        return _check(chosen)
    chosen.folder.mkdir(mode=0o755, exist_ok=True)
    with alone_in(chosen.folder):
        installer = _installer(chosen)
        by_name: dict[str, Callable[[], None]] = {
            "install": lambda: _install(installer, chosen),
            "rollback": installer.roll_back,
            "confirm": installer.confirm,
            "boot": installer.check_at_boot,
            "run": lambda: _run(installer, chosen),
        }
        by_name[chosen.command]()
    return 0


def told(progress: Progress) -> str:
    """How it stands, for people."""
    lines = [f"version {progress.version or 'of the package'}: {_STEPS[progress.step]}"]
    if progress.target:
        lines.append(f"  new      {progress.target}")
    if progress.former:
        lines.append(f"  former   {progress.former}; `doorstep update rollback` goes back to it")
    lines.append(f"  oldest   {progress.floor}; nothing below it is installed")
    if progress.detail:
        lines.append(f"  last     {progress.detail}")
    return "\n".join(lines)


def _run(installer: Installer, chosen: argparse.Namespace) -> None:
    """What the unit does: finish what is unfinished, then do what the doorbell wants."""
    with contextlib.suppress(BusyError):
        installer.take_up()
        # One that came while another was carried out wakes nobody.
        while installer.has_open(wish := wish_in(chosen.mailbox)):
            installer.obey(wish, chosen.mailbox)


def _install(installer: Installer, chosen: argparse.Namespace) -> None:
    if not chosen.what:
        raise UpdateError("broken", "Name the update: a file, or an address with https://.")
    installer.take_up()
    with fetched(chosen.what) as file:
        installer.install(file, older=chosen.older)


def _check(chosen: argparse.Namespace) -> int:
    """Without a file: whether updates are possible. With one: whether it could be installed."""
    system, keys = this_system(), trusted_keys(chosen.keys)
    if not chosen.what:
        print(f"package {system.package}, {system.suite}, {system.architecture},"
              f" Python {system.python}")  # fmt: skip
        print(f"keys    {len(keys) or 'none, so updates are off'}")
        return 0 if keys else EXIT_WRONG
    with open_plain(Path(chosen.what)) as file:
        manifest = read_header(file, keys)
    if refusal := system.refusal_of(manifest):
        raise UpdateError("wrong_system", refusal)
    print(f"version {manifest.version}, signed; nothing below {manifest.floor} after it")
    return 0


def _installer(chosen: argparse.Namespace) -> Installer:
    system = this_system()
    around = Surroundings(
        system=system,
        keys=trusted_keys(chosen.keys),
        service=SystemdService(),
        doorbell=DoorbellLine(chosen.socket),
        clock=SystemClock(),
    )
    return Installer(Store(chosen.folder, Disk(), system), around)


def _progress(folder: Path) -> Progress:
    try:
        return Progress.model_validate_json((folder / "status.json").read_bytes())
    except FileNotFoundError:
        return Progress()
    except ValidationError as error:
        raise UpdateError(
            "fault", "The status cannot be read. Run `doorstep update run`."
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="doorstep update", description=_DESCRIPTION, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("command", choices=COMMANDS, metavar="command", help=", ".join(COMMANDS))
    parser.add_argument("what", nargs="?", default="", help="of install and check: a bundle")
    parser.add_argument("--older", action="store_true", help="of install: also an older version")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the slots are")
    parser.add_argument("--mailbox", type=Path, default=MAILBOX, help="where wishes are left")
    parser.add_argument("--keys", type=Path, default=KEYS_FOLDER, help="whose signature counts")
    parser.add_argument("--socket", type=Path, default=SOCKET, help="where the doorbell answers")
    return parser


_STEPS = {
    "idle": "in force",
    "unpacking": "in force; a new one is unpacked",
    "ready": "in force; a new one waits for a quiet moment",
    "trying": "a new one is on trial",
    "returning": "is coming back",
}
_DESCRIPTION = """Installs signed updates of the doorbell.

  check [FILE]        say whether updates are possible, or whether this one is
  install FILE|URL    verify it, try it, and go back by itself if it does not ring
  status              say which version is in force and what went wrong last
  rollback            go back to the version before
  confirm             vouch for the version on trial
  boot, run           what the units do at the start, and when the doorbell asks
"""
