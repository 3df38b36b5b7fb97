"""`python -m device audit verify | export`: the audit log for people who do not take our word."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from device import wiring
from device.errors import StartError
from device.services.admin import NoDoorbellError, ask
from device.services.audit_check import HEAD_NAME, LOG_NAME, BrokenLogError, Place, inspect
from device.services.audit_rows import AuditError, Draft, Stamp
from device.settings import Settings
from protocol.audit import AuditRow
from protocol.identity import Identity

# The running doorbell writes what is asked of it at once; its disk may be slow.
EXPORTED_LIMIT_S = 5.0
LOOK_EVERY_S = 0.05
_WORDS = "Say one of: audit verify, audit export, audit export --out FILE."

Each = Callable[[AuditRow, str], None]


def audit(settings: Settings, words: Sequence[str], out: Path | None) -> int:
    """Carry out one of the two; exit code 2 when the log is not whole."""
    state = settings.state.directory.expanduser().absolute()
    if tuple(words) == ("verify",) and out is None:
        return _verify(state)
    if tuple(words) == ("export",):
        return _export(state, out)
    raise StartError(_WORDS)


def _verify(state: Path) -> int:
    place = _follow(state, _identity(state), lambda row, text: None)
    print(f"The log is whole: {place.number:,} rows.")
    print(f"  head  {place.hash}")
    return 0


def _export(state: Path, out: Path | None) -> int:
    identity = _identity(state)
    if out is None:
        _note_export(state, identity)
        _write(state, identity, sys.stdout)
        return 0
    try:
        # Names stand in it: nobody else on this machine is to read it.
        out.touch(mode=0o600, exist_ok=False)
        _note_export(state, identity)
        with out.open("w", encoding="utf-8") as file:
            place = _write(state, identity, file)
    except FileExistsError as error:
        raise StartError(f"{out} exists already. Name another file with --out.") from error
    except OSError as error:
        raise StartError(f"{out} cannot be written: {error.strerror}.") from error
    print(f"Wrote {place.number:,} rows to {out}.")
    return 0


def _write(state: Path, identity: Identity, file: TextIO) -> Place:
    """A line for each row as it is kept, so that everyone can follow the chain; the head last."""

    def line(row: AuditRow, text: str) -> None:
        print(json.dumps({"row": text}), file=file)

    place = _follow(state, identity, line)
    head = (state / HEAD_NAME).read_text("ascii").strip()
    print(json.dumps({"hash": place.hash, "head": head}), file=file)
    return place


def _note_export(state: Path, identity: Identity) -> None:
    """That somebody took a copy belongs into the log, and into the copy."""
    before = _exports(state, identity)
    try:
        ask(state, "exported")
    except NoDoorbellError:
        _note_offline(state, identity)
        return
    deadline = time.monotonic() + EXPORTED_LIMIT_S
    while _exports(state, identity) == before:
        if time.monotonic() > deadline:
            raise StartError("The running doorbell does not write its log. See its status.")
        time.sleep(LOOK_EVERY_S)


def _exports(state: Path, identity: Identity) -> int:
    found = list[int]()

    def count(row: AuditRow, text: str) -> None:
        if row.what == "exported":
            found.append(row.number)

    _follow(state, identity, count)
    return len(found)


def _note_offline(state: Path, identity: Identity) -> None:
    local = Stamp(round(time.monotonic() * 1000), round(time.time() * 1000), trusted=False)
    with closing(wiring.audit_book(state, identity)) as book:
        try:
            if (wrong := book.open(local.at_ms)) is not None:
                raise StartError(wrong)
            book.append([Draft("exported", local)])
            book.sign(local.at_ms)
        except AuditError as error:
            raise StartError(str(error)) from error
        finally:
            _give_back(state)


def _give_back(state: Path) -> None:
    """What root has written belongs to the doorbell's user, who could not read it otherwise."""
    if os.geteuid() != 0:
        return
    owner = state.stat()
    for name in (LOG_NAME, f"{LOG_NAME}-wal", f"{LOG_NAME}-shm", HEAD_NAME):
        with contextlib.suppress(FileNotFoundError):
            os.chown(state / name, owner.st_uid, owner.st_gid)


def _follow(state: Path, identity: Identity, each: Each) -> Place:
    try:
        return inspect(state, identity.public, each)
    except BrokenLogError as error:
        raise StartError(f"The log in {state} is not whole: {error}.") from error
    except AuditError as error:
        raise StartError(str(error)) from error


def _identity(state: Path) -> Identity:
    if not (state / wiring.IDENTITY_NAME).is_file():
        raise StartError(f"There is no doorbell in {state}. Name its folder with --state.")
    return wiring.identity_in(state)
