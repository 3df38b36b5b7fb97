"""`audit verify` and `audit export`: what a stranger can check without us."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from device.cli import main
from device.services.audit_flood import BURST
from device.wiring import identity_in
from protocol.audit import HEAD_TYP, ROOT, AuditHeadStatement, AuditRow, next_hash, row_hash
from protocol.identity import Identity
from protocol.jws import unseal
from tests.support.audit_rig import a_book, rows_of, running_log, spoil
from tests.support.carrier import Carrier
from tests.support.doorbell_process import doorbell
from tests.support.phone import LoopPhone


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return identity_in(tmp_path)


def audit(folder: Path, *words: str) -> int:
    return main(("audit", *words, "--state", str(folder)))


def keep_rows(folder: Path, identity: Identity) -> None:
    """A log of three rows."""

    async def write() -> None:
        async with running_log(folder, book=a_book(folder, identity=identity)) as log:
            await log.write("paired", name="Anna")
            await log.write("call_began", name="Anna")

    asyncio.run(write())


def follow(lines: list[str], key: Identity) -> list[AuditRow]:
    """Check an export by the protocol alone."""
    *texts, last = [json.loads(line) for line in lines]
    rows, place = list[AuditRow](), ROOT
    for number, line in enumerate(texts, 1):
        rows.append(AuditRow.model_validate_json(line["row"]))
        place = next_hash(number, place, row_hash(line["row"].encode()))
    head = unseal(last["head"], HEAD_TYP, key.public, AuditHeadStatement)
    assert (head.number, head.hash) == (len(rows), place) == (len(rows), last["hash"])
    return rows


def test_a_whole_log_says_so_and_is_not_changed(
    tmp_path: Path, identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_rows(tmp_path, identity)
    before = rows_of(tmp_path, identity)
    assert audit(tmp_path, "verify") == 0
    assert capsys.readouterr().out.startswith("The log is whole: 3 rows.\n  head  ")
    assert rows_of(tmp_path, identity) == before


def test_an_export_can_be_followed_without_us_and_notes_itself(
    tmp_path: Path, identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_rows(tmp_path, identity)
    assert audit(tmp_path, "export") == 0
    rows = follow(capsys.readouterr().out.splitlines(), identity)
    assert [row.what for row in rows] == ["started", "paired", "call_began", "exported"]


def test_an_export_into_a_file_is_for_its_owner_alone(
    tmp_path: Path, identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_rows(tmp_path, identity)
    out = tmp_path / "copy.jsonl"
    assert audit(tmp_path, "export", "--out", str(out)) == 0
    assert capsys.readouterr().out == f"Wrote 4 rows to {out}.\n"
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(follow(out.read_text("utf-8").splitlines(), identity)) == 4
    assert audit(tmp_path, "export", "--out", str(out)) == 2
    assert "exists already" in capsys.readouterr().err
    assert audit(tmp_path, "export", "--out", str(tmp_path / "none" / "copy")) == 2
    assert "cannot be written" in capsys.readouterr().err
    # Neither of the two took a copy.
    assert len(rows_of(tmp_path, identity)) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write another user's files")
def test_what_root_exports_stays_the_doorbells(tmp_path: Path, identity: Identity) -> None:
    keep_rows(tmp_path, identity)
    for path in (tmp_path, *tmp_path.iterdir()):
        os.chown(path, 12345, 12345)
    assert audit(tmp_path, "export") == 0
    assert audit(tmp_path, "verify") == 0
    assert {(path.name, path.stat().st_uid) for path in tmp_path.glob("audit*")} == {
        (path.name, 12345) for path in tmp_path.glob("audit*")
    }


@pytest.mark.parametrize("command", ["verify", "export"])
def test_a_changed_log_is_told_and_left_as_it_is(
    tmp_path: Path, identity: Identity, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    keep_rows(tmp_path, identity)
    spoil(tmp_path, "UPDATE rows SET row = replace(row, 'Anna', 'Eve') WHERE number = 2")
    assert audit(tmp_path, command) == 2
    printed = capsys.readouterr()
    assert printed.err == (
        f"The log in {tmp_path} is not whole: row 2 was changed, or does not follow the one"
        " before.\n"
    )
    assert not list(tmp_path.glob("*kept*"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [((), "Say one of: audit verify"), (("burn",), "Say one of"), (("verify", "it"), "Say one of"),
     (("verify", "--out", "x"), "Say one of"), (("verify",), "There is no doorbell in")],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert audit(tmp_path, *words) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


async def test_a_running_doorbell_writes_what_it_has_counted_before_it_is_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with doorbell(tmp_path) as running, LoopPhone() as phone:
        server = Carrier(await running.server.line())
        await server.line.welcome()
        key = await server.pair(phone, tmp_path)
        offer = await server.offer(phone, key, "call-0001")
        for number in range(BURST + 7):
            spoiled = offer.model_copy(update={"call": f"call-{number:04}", "sdp": offer.sdp + " "})
            await server.line.say(spoiled)
        # The link answers in order: with this, all of them were looked at.
        await server.offer(phone, key, "call-0001")
        assert await asyncio.to_thread(audit, tmp_path, "export") == 0
        rows = follow(capsys.readouterr().out.splitlines(), identity_in(tmp_path))
        refused = [row.detail for row in rows if row.what == "call_refused"]
        assert len(refused) == BURST + 1
        assert refused[-1].startswith("7 more of these")
        assert rows[-1].what == "exported"
        assert await asyncio.to_thread(audit, tmp_path, "verify") == 0
