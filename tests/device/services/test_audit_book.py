"""The log on the disk: whatever is changed in it is found, kept aside and told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from device.services.audit_book import AuditBook
from device.services.audit_check import HEAD_NAME, LOG_NAME, BrokenLogError, inspect
from device.services.audit_rows import AuditError
from protocol.audit import HEAD_TYP, ROOT, AuditHeadStatement, next_hash, row_hash
from protocol.identity import Identity
from protocol.jws import seal, unseal
from tests.support.audit_rig import (
    DOORBELL,
    START_MS,
    a_book,
    a_draft,
    rows_of,
    spoil,
    written,
)

ROWS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path, ROWS)
    return tmp_path


def reopened(folder: Path) -> str | None:
    with closing(a_book(folder)) as book:
        return book.open(START_MS)


def test_a_new_log_begins_at_the_root_and_signs_that(tmp_path: Path) -> None:
    with closing(a_book(tmp_path)) as book:
        assert book.open(START_MS) is None
        head = unseal(book.head, HEAD_TYP, DOORBELL.public, AuditHeadStatement)
    assert head == AuditHeadStatement(doorbell=DOORBELL.id, number=0, hash=ROOT, at_ms=START_MS)
    assert (tmp_path / LOG_NAME).stat().st_mode & 0o777 == 0o600


def test_rows_are_numbered_and_chained_as_the_protocol_says(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        assert book.open(START_MS) is None
        assert book.append([a_draft(), a_draft()]) == [ROWS + 1, ROWS + 2]
        book.sign(START_MS)
        rows, newest, before = book.page(0, 100)
        place, links, head = ROOT, book.links(0), book.head
    for number, text in enumerate(reversed(rows), 1):
        assert json.loads(text)["number"] == number
        place = next_hash(number, place, row_hash(text.encode()))
        assert links[number - 1] == row_hash(text.encode())
    assert (place, before) == (newest, ROOT)
    assert unseal(head, HEAD_TYP, DOORBELL.public, AuditHeadStatement).hash == newest


def test_a_page_says_where_it_hangs_in_the_chain(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        book.open(START_MS)
        rows, newest, before = book.page(ROWS, 2)
        assert [json.loads(row)["number"] for row in rows] == [4, 3]
        assert before == book.page(3, 1)[1]
        older = next_hash(3, before, row_hash(rows[1].encode()))
        assert next_hash(4, older, row_hash(rows[0].encode())) == newest
        assert book.page(1, 10) == ((), ROOT, ROOT)
        assert book.links(ROWS) == book.links(10**15) == ()


def test_a_log_goes_on_after_it_was_closed(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        assert book.open(START_MS) is None
        assert book.append([a_draft()]) == [ROWS + 1]
    # The row is there and its head was not written: the power failed between the two.
    assert reopened(folder) is None
    assert len(rows_of(folder)) == ROWS + 1


def _json_change(field: str, value: object) -> str:
    return f"UPDATE rows SET row = json_set(row, '$.{field}', '{value}') WHERE number = 3"


EDITS = [
    *(_json_change(field, value) for field, value in (
        ("number", 9), ("boot", "other"), ("monotonic_ms", 6), ("at_ms", 1), ("clock", 0),
        ("what", "exported"), ("who", "b"), ("name", "Ben"), ("detail", "nothing"),
        ("evidence", "none"),
    )),
    "UPDATE rows SET row = row || ' ' WHERE number = 3",
    "UPDATE rows SET row = NULL WHERE number = 3",
    "UPDATE rows SET row = x'ff00ff' WHERE number = 3",
    "UPDATE rows SET hash = (SELECT hash FROM rows WHERE number = 2) WHERE number = 3",
    "UPDATE rows SET hash = NULL WHERE number = 3",
    "UPDATE rows SET hash = x'ffff' WHERE number = 3",
    "UPDATE rows SET number = 30 WHERE number = 3",
    "UPDATE rows SET number = 0 WHERE number = 1",
    "DELETE FROM rows WHERE number = 1",
    "DELETE FROM rows WHERE number = 3",
    "DELETE FROM rows WHERE number = 5",
    "DELETE FROM rows",
    "DROP TABLE rows",
    "ALTER TABLE rows DROP COLUMN hash",
]  # fmt: skip


@pytest.mark.parametrize("statement", EDITS)
def test_every_edit_and_deletion_is_found_and_the_log_kept_aside(
    folder: Path, statement: str
) -> None:
    spoil(folder, statement)
    with pytest.raises(BrokenLogError):
        inspect(folder, DOORBELL.public)
    wrong = reopened(folder)
    assert wrong is not None
    assert "is not whole" in wrong
    assert "audit-kept-1.sqlite3" in wrong
    assert (folder / "audit-kept-1.sqlite3").is_file()
    assert (folder / "audit-head-kept-1.jws").is_file()
    # The new log is whole, and begins with nothing.
    assert rows_of(folder) == []
    assert reopened(folder) is None


def test_two_rows_that_change_places_are_found(folder: Path) -> None:
    spoil(folder, "UPDATE rows SET number = 99 WHERE number = 2",
          "UPDATE rows SET number = 2 WHERE number = 3",
          "UPDATE rows SET number = 3 WHERE number = 99")  # fmt: skip
    assert "row 2 is another one than it says" in (reopened(folder) or "")


def test_a_chain_that_was_computed_anew_fails_at_the_signed_head(folder: Path) -> None:
    """Whoever has the card and not the key: a clean forgery up to the last row."""
    with closing(sqlite3.connect(folder / LOG_NAME)) as db:
        place = ROOT
        for number, row in db.execute("SELECT number, row FROM rows ORDER BY number").fetchall():
            forged = row.replace("row 3", "row X")
            place = next_hash(number, place, row_hash(forged.encode()))
            db.execute("UPDATE rows SET row = ?, hash = ? WHERE number = ?",
                       (forged, place, number))  # fmt: skip
        db.commit()
    assert "row 5 is another one than was signed" in (reopened(folder) or "")


@pytest.mark.parametrize("count", range(ROWS))
def test_an_older_copy_of_the_file_is_found(tmp_path: Path, count: int) -> None:
    older = tmp_path / "older"
    written(older, count)
    written(tmp_path, ROWS)
    shutil.copy(older / LOG_NAME, tmp_path / LOG_NAME)
    wrong = reopened(tmp_path) or ""
    assert f"it ends at row {count}, and row {ROWS} was written" in wrong


def test_a_log_that_is_gone_is_missed(folder: Path) -> None:
    (folder / LOG_NAME).unlink()
    assert "it is gone, and row 5 was written" in (reopened(folder) or "")
    assert rows_of(folder) == []


HEADS: list[tuple[str, Callable[[Path], object]]] = [
    ("its signed head is gone", lambda path: path.unlink()),
    ("not signed by this doorbell", lambda path: path.write_text("nonsense")),
    ("not signed by this doorbell", lambda path: path.write_bytes(b"\xff\xfe")),
    ("not signed by this doorbell", lambda path: path.write_text(_head(Identity.generate(), 0))),
    ("is another one than was signed", lambda path: path.write_text(_head(DOORBELL, 5))),
    ("row 7 was written", lambda path: path.write_text(_head(DOORBELL, 7))),
]


def _head(signer: Identity, number: int) -> str:
    statement = AuditHeadStatement(
        doorbell=signer.id, number=number, hash=row_hash(b"other"), at_ms=START_MS
    )
    return seal(signer, HEAD_TYP, statement)


@pytest.mark.parametrize(("words", "change"), HEADS)
def test_a_changed_head_is_found(
    folder: Path, words: str, change: Callable[[Path], object]
) -> None:
    change(folder / HEAD_NAME)
    assert words in (reopened(folder) or "")


def test_the_head_of_another_doorbell_does_not_count(folder: Path) -> None:
    statement = AuditHeadStatement(doorbell="b" * 26, number=0, hash=ROOT, at_ms=START_MS)
    (folder / HEAD_NAME).write_text(seal(DOORBELL, HEAD_TYP, statement))
    assert "another doorbell's" in (reopened(folder) or "")


@pytest.mark.parametrize("damage", [
    lambda raw: b"",
    lambda raw: raw[:700],
    lambda raw: raw[: len(raw) // 2],
    lambda raw: b"no database " * 400,
    lambda raw: raw[:4096] + b"\x00" * 4096 + raw[8192:],
    lambda raw: raw[:4096] + bytes(byte ^ 0xFF for byte in raw[4096:]),
])  # fmt: skip
def test_a_torn_file_is_found(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    path = folder / LOG_NAME
    path.write_bytes(damage(path.read_bytes()))
    assert "is not whole" in (reopened(folder) or "")
    assert rows_of(folder) == []


def test_a_second_broken_log_is_kept_beside_the_first(folder: Path) -> None:
    for number in (1, 2):
        spoil(folder, "DELETE FROM rows WHERE number = 1")
        assert f"audit-kept-{number}.sqlite3" in (reopened(folder) or "")
        written_more(folder)
    assert (folder / "audit-kept-1.sqlite3").is_file()
    assert (folder / "audit-kept-2.sqlite3").is_file()


def written_more(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        assert book.open(START_MS) is None
        book.append([a_draft(), a_draft()])
        book.sign(START_MS)


def full(book: AuditBook) -> None:
    """The database may not grow any more: what a full disk looks like."""
    assert book._db is not None
    pages = book._db.execute("PRAGMA page_count").fetchone()[0]
    book._db.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_no_damage_and_loses_nothing(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        book.open(START_MS)
        full(book)
        with pytest.raises(AuditError, match="full") as refused:
            book.append([a_draft(detail="x" * 300)] * 500)
        assert "phones cannot open the door. Free the disk" in str(refused.value)
        kept = book.place.number
        book.sign(START_MS)
        with pytest.raises(AuditError, match="not open"):
            book.append([a_draft()])
        assert book.open(START_MS) is None
        assert book.append([a_draft()]) == [kept + 1]


def test_a_file_that_cannot_be_written_is_no_damage(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        book.open(START_MS)
        assert book._db is not None
        book._db.execute("PRAGMA query_only = ON")
        with pytest.raises(AuditError, match="readonly"):
            book.append([a_draft()])
    assert reopened(folder) is None
    assert len(rows_of(folder)) == ROWS


def test_a_head_that_cannot_be_written_says_so(folder: Path) -> None:
    def keep(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    with closing(a_book(folder, keep)) as book, pytest.raises(AuditError, match="No space left"):
        book.open(START_MS)


def test_a_log_can_be_read_while_it_is_written(folder: Path) -> None:
    with closing(a_book(folder)) as book:
        book.open(START_MS)
        for count in range(ROWS + 1, ROWS + 20):
            book.append([a_draft()])
            assert len(rows_of(folder)) == count
