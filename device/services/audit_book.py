"""The audit log on the disk: a hash chain in SQLite, and its signed head in a file beside it.

For one thread alone. A row counts when it is on the disk (synchronous=FULL) and the head that
names it is too. A log that is not whole is kept under another name, and a new one begins.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from device.services.audit_check import (
    BUSY_LIMIT_S,
    HEAD_NAME,
    LOG_NAME,
    ROWS,
    BrokenLogError,
    Place,
    follow,
    read_head,
    translated,
)
from device.services.audit_rows import AuditError, Draft, Openings, writable
from device.services.files import write_whole
from protocol.audit import HEAD_TYP, LINKS_LIMIT, ROOT, AuditHeadStatement, next_hash, row_hash
from protocol.identity import Identity
from protocol.jws import seal

_TABLE = "CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, row TEXT, hash TEXT)"
_KEPT_LIMIT = 1000


class AuditBook:
    """`open()` first, also after an AuditError; `close()` may be called twice.

    `keep(path, text)` writes the head's file.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        boot: str,
        keep: Callable[[Path, str], None] = write_whole,
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._boot = boot
        self._keep = keep
        self._db: sqlite3.Connection | None = None
        self.place = Place()
        self.head = ""
        self.openings = Openings()
        self._wrong: str | None = None

    def open(self, at_ms: int) -> str | None:
        """Check the log, or begin one. AuditError.

        Says what was wrong with the one before, if this object ever had to begin a new one.
        """
        self.close()
        try:
            try:
                self._open_whole(at_ms)
            except BrokenLogError as broken:
                self.close()
                self._begin_anew(at_ms, str(broken))
        except OSError as error:
            self.close()
            raise _unwritable(error) from error
        except (AuditError, sqlite3.Error) as error:
            self.close()
            raise _sentence(error) from error
        return self._wrong

    def append(self, drafts: Sequence[Draft]) -> list[int]:
        """Put rows on the disk; their numbers. After an AuditError open the book again."""
        db, place, numbers = self._opened(), self.place, list[int]()
        try:
            db.execute("BEGIN IMMEDIATE")
            for draft in drafts:
                number = place.number + 1
                text = draft.row(number, self._boot).model_dump_json()
                place = Place(number, next_hash(number, place.hash, row_hash(text.encode())))
                db.execute("INSERT INTO rows VALUES (?, ?, ?)", (number, text, place.hash))
                numbers.append(number)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            # Whether it was committed is not known; opening reads it again.
            self.close()
            raise _sentence(translated(error)) from error
        self.place = place
        return numbers

    def sign(self, at_ms: int) -> None:
        """Sign the last row and put this on the disk. AuditError."""
        try:
            self._sign(at_ms)
        except OSError as error:
            raise _unwritable(error) from error

    def page(self, before: int, most: int) -> tuple[tuple[str, ...], str, str]:
        """Rows before `before`, newest first, the chain's hash there and before the oldest."""
        last = self.place.number if before <= 0 else min(before - 1, self.place.number)
        first = max(1, last - most + 1)
        found = self._read(
            "SELECT row, hash FROM rows WHERE number BETWEEN ? AND ? ORDER BY number DESC",
            (first, last),
        )
        rows = tuple(row for row, _ in found)
        return rows, self._hash_at(last), self._hash_at(first - 1)

    def links(self, since: int) -> tuple[str, ...]:
        """The hashes of the rows after `since`, oldest first, LINKS_LIMIT at most."""
        found = self._read(
            "SELECT row, hash FROM rows WHERE number > ? ORDER BY number LIMIT ?",
            (min(since, self.place.number), LINKS_LIMIT),
        )
        return tuple(row_hash(row.encode()) for row, _ in found)

    def close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(sqlite3.Error):
                db.close()

    def _open_whole(self, at_ms: int) -> None:
        path = self._folder / LOG_NAME
        head = read_head(self._folder / HEAD_NAME, self._identity.public)
        if head is None:
            if path.exists():
                raise BrokenLogError("its signed head is gone")
            # Before the first row, so that a missing head is always a sign.
            self.place = Place()
            self._sign(at_ms)
            head = AuditHeadStatement(doorbell=self._identity.id, number=0, hash=ROOT, at_ms=0)
        if head.number and not path.exists():
            raise BrokenLogError(f"it is gone, and row {head.number} was written")
        try:
            self._connect(path, head)
        except sqlite3.Error as error:
            raise translated(error) from error
        self._sign(at_ms)

    def _connect(self, path: Path, head: AuditHeadStatement) -> None:
        self._db = db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_LIMIT_S)
        path.chmod(0o600)
        # One sync for each commit, and others can read meanwhile.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(_TABLE)
        openings = Openings()
        self.place = follow(db.execute(ROWS), head, lambda row, text: openings.read(row))
        self.openings = openings

    def _begin_anew(self, at_ms: int, wrong: str) -> None:
        number = self._set_aside()
        self._wrong = (
            f"The log before this one is not whole: {wrong}."
            f" It is kept as {_kept(LOG_NAME, number)}; see who had the doorbell's card in hand."
        )
        try:
            self._open_whole(at_ms)
        except BrokenLogError as error:
            raise AuditError(f"A new log cannot begin: {error}. Exchange the card.") from error

    def _set_aside(self) -> int:
        """Rename the log with all its parts; the number in the new names."""
        taken = {path.name for path in self._folder.glob("audit*-kept-*")}
        number = next(
            n for n in range(1, _KEPT_LIMIT + 1)
            if not {_kept(LOG_NAME, n), _kept(HEAD_NAME, n)} & taken or n == _KEPT_LIMIT
        )  # fmt: skip
        for name in (HEAD_NAME, LOG_NAME, f"{LOG_NAME}-wal", f"{LOG_NAME}-shm"):
            path = self._folder / name
            if path.exists():
                path.rename(self._folder / _kept(name, number))
        return number

    def _sign(self, at_ms: int) -> None:
        statement = AuditHeadStatement(
            doorbell=self._identity.id,
            number=self.place.number,
            hash=self.place.hash,
            at_ms=writable(at_ms),
        )
        head = seal(self._identity, HEAD_TYP, statement)
        self._keep(self._folder / HEAD_NAME, head + "\n")
        self.head = head

    def _hash_at(self, number: int) -> str:
        if number <= 0:
            return ROOT
        found = self._read("SELECT row, hash FROM rows WHERE number = ?", (number,))
        return found[0][1] if found else ROOT

    def _read(self, query: str, values: tuple[int, ...]) -> list[tuple[str, str]]:
        try:
            found: list[tuple[str, str]] = self._opened().execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _sentence(translated(error)) from error
        return found

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise AuditError("The log is not open. Try again in a moment.")
        return self._db


def _kept(name: str, number: int) -> str:
    stem, dot, ending = name.partition(".")
    return f"{stem}-kept-{number}{dot}{ending}"


def _unwritable(error: OSError) -> AuditError:
    return AuditError(
        f"The log cannot be kept ({error.strerror or error}), and until it can, phones cannot"
        " open the door. Free the disk, or exchange the card."
    )


def _sentence(error: Exception) -> AuditError:
    if isinstance(error, AuditError):
        return error
    return AuditError(
        f"The log cannot be kept: {error}. Restart the doorbell, or exchange its card."
    )
