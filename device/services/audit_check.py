"""Reads an audit log from the first row to the last and says whether it is whole.

A log is whole when every row continues the chain and the head that was signed last, which is
kept in a file beside it, is in the chain. So edits, gaps and a cut end are found here; a log set
back together with its head is found by the phones, which remember heads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from device.services.audit_rows import AuditError
from protocol.audit import HEAD_TYP, ROOT, AuditHeadStatement, AuditRow, next_hash, row_hash
from protocol.errors import RemoteProtocolError
from protocol.jws import Verifier, unseal

LOG_NAME = "audit.sqlite3"
HEAD_NAME = "audit-head.jws"
# As bytes: what stands in a changed file need not be text.
ROWS = "SELECT number, CAST(row AS BLOB), CAST(hash AS BLOB) FROM rows ORDER BY number"
# A reader beside the writer waits for it this long.
BUSY_LIMIT_S = 2.0
# What the disk is to blame for; every other error means that the file is not as it was written.
_OF_DISK = (
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip
Found = tuple[int, bytes | None, bytes | None]


class BrokenLogError(Exception):
    """What is wrong with the log, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the chain: the number of a row and the chain's hash there."""

    number: int = 0
    hash: str = ROOT


def follow(
    rows: Iterable[Found],
    head: AuditHeadStatement,
    each: Callable[[AuditRow, str], None],
) -> Place:
    """The last place of a whole log; BrokenLogError names the first fault."""
    place, head_seen = Place(), head.number == 0 and head.hash == ROOT
    for number, raw, kept_hash in rows:
        text, row = _row(number, raw, place)
        place = Place(number, next_hash(number, place.hash, row_hash(text.encode())))
        if place.hash.encode() != kept_hash:
            raise BrokenLogError(f"row {row.number} was changed, or does not follow the one before")
        if place.number == head.number:
            head_seen = place.hash == head.hash
        each(row, text)
    if place.number < head.number:
        raise BrokenLogError(f"it ends at row {place.number}, and row {head.number} was written")
    if not head_seen:
        raise BrokenLogError(f"row {head.number} is another one than was signed")
    return place


def read_head(path: Path, key: Verifier) -> AuditHeadStatement | None:
    """The signed head, or None where there is no file. BrokenLogError, OSError."""
    try:
        text = path.read_text("ascii").strip()
        head = unseal(text, HEAD_TYP, key, AuditHeadStatement)
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, RemoteProtocolError) as error:
        raise BrokenLogError("its head is not signed by this doorbell") from error
    if head.doorbell != key.id:
        raise BrokenLogError("its head is another doorbell's")
    return head


def inspect(
    folder: Path, key: Verifier, each: Callable[[AuditRow, str], None] = lambda row, text: None
) -> Place:
    """Check the log in `folder` without changing it. BrokenLogError, or AuditError."""
    try:
        head = read_head(folder / HEAD_NAME, key)
        path = folder / LOG_NAME
        if not path.exists():
            if head is not None and head.number:
                raise BrokenLogError(f"it is gone, and row {head.number} was written")
            return Place()
        if head is None:
            raise BrokenLogError("its signed head is gone")
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_LIMIT_S)) as db:
            return follow(db.execute(ROWS), head, each)
    except OSError as error:
        raise AuditError(f"The log in {folder} cannot be read: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise translated(error) from error


def translated(error: sqlite3.Error) -> BrokenLogError | AuditError:
    """What an error of SQLite means: the file is damaged, or the disk does not do its work."""
    if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _OF_DISK:
        return BrokenLogError("its file is damaged")
    return AuditError(
        f"The log cannot be kept ({error}), and until it can, phones cannot open the door."
        " Free the disk, or exchange the card."
    )


def _row(number: int, raw: bytes | None, before: Place) -> tuple[str, AuditRow]:
    if number != before.number + 1:
        raise BrokenLogError(f"row {before.number + 1} is missing")
    try:
        text = (raw or b"").decode("utf-8")
        row = AuditRow.model_validate_json(text)
    except (UnicodeDecodeError, ValidationError) as error:
        raise BrokenLogError(f"row {number} cannot be read") from error
    if row.number != number:
        raise BrokenLogError(f"row {number} is another one than it says")
    return text, row
