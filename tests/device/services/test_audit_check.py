"""The chain as a property: whatever is written holds, whatever is changed does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.services.audit_check import BrokenLogError, Found, follow
from device.services.audit_rows import Draft, Openings, Stamp, of_opening
from protocol.audit import ROOT, AuditHeadStatement, AuditRow, next_hash, row_hash

DOORBELL = "d" * 26
TEXTS = st.text(max_size=20)
DRAFTS = st.builds(
    Draft,
    what=st.sampled_from(("paired", "call_began", "unlock_granted", "unlock_failed")),
    stamp=st.builds(Stamp, st.integers(), st.integers(), st.booleans()),
    who=TEXTS, name=TEXTS, detail=TEXTS, evidence=TEXTS,
)  # fmt: skip


def chained(drafts: list[Draft]) -> list[Found]:
    rows, place = list[Found](), ROOT
    for number, draft in enumerate(drafts, 1):
        text = draft.row(number, "boot").model_dump_json().encode()
        place = next_hash(number, place, row_hash(text))
        rows.append((number, text, place.encode()))
    return rows


def head_of(rows: list[Found]) -> AuditHeadStatement:
    number, _, place = rows[-1] if rows else (0, b"", ROOT.encode())
    return AuditHeadStatement(
        doorbell=DOORBELL, number=number, hash=(place or b"").decode(), at_ms=0
    )


def ignore(row: AuditRow, text: str) -> None:
    pass


@given(st.lists(DRAFTS, max_size=8), st.data())
def test_what_was_written_holds_under_every_head_it_ever_had(
    drafts: list[Draft], data: st.DataObject
) -> None:
    rows = chained(drafts)
    older = data.draw(st.integers(0, len(rows)))
    place = follow(rows, head_of(rows[:older]), ignore)
    assert place.number == len(rows)
    assert place.hash == head_of(rows).hash


@given(st.lists(DRAFTS, min_size=1, max_size=8), st.data())
def test_nothing_can_be_changed_unseen(drafts: list[Draft], data: st.DataObject) -> None:
    rows = chained(drafts)
    head = head_of(rows)
    at = data.draw(st.integers(0, len(rows) - 1))
    number, text, place = rows[at]
    assert text is not None
    change = data.draw(st.sampled_from(("bit", "cut", "drop", "hash", "swap", "twice", "renumber")))
    if change == "bit":
        bit = data.draw(st.integers(0, len(text) * 8 - 1))
        changed = bytearray(text)
        changed[bit // 8] ^= 1 << bit % 8
        rows[at] = (number, bytes(changed), place)
    elif change == "cut":
        rows[at] = (number, text[: data.draw(st.integers(0, len(text) - 1))], place)
    elif change == "drop":
        del rows[at]
    elif change == "hash":
        rows[at] = (number, text, ROOT.encode())
    elif change == "swap":
        rows[at] = (number, text + b" ", place)
    elif change == "twice":
        rows.insert(at, rows[at])
    else:
        rows[at] = (number + 1, text, place)
    with pytest.raises(BrokenLogError):
        follow(rows, head, ignore)


@given(st.lists(DRAFTS, min_size=1, max_size=8), st.data())
def test_a_consistent_chain_of_other_rows_fails_at_the_head(
    drafts: list[Draft], data: st.DataObject
) -> None:
    head = head_of(chained(drafts))
    at = data.draw(st.integers(0, len(drafts) - 1))
    other = Draft(drafts[at].what, drafts[at].stamp, detail=drafts[at].detail + "!")
    with pytest.raises(BrokenLogError):
        follow(chained([*drafts[:at], other, *drafts[at + 1 :]]), head, ignore)


def test_openings_are_ended_by_the_rows_that_name_them() -> None:
    openings = Openings()
    stamp = Stamp(0, 0, trusted=True)

    def read(number: int, draft: Draft) -> None:
        openings.read(draft.row(number, "boot"))

    read(3, Draft("unlock_granted", stamp))
    read(4, Draft("unlock_failed", stamp, detail="Row x: nonsense"))
    read(5, Draft("unlock_done", stamp, detail=of_opening(3, "open")))
    read(6, Draft("unlock_ended", stamp, detail=of_opening(4, "of another")))
    assert list(openings.unfinished) == [3]
    read(7, Draft("unlock_ended", stamp, detail=of_opening(3, "locked")))
    assert not openings.unfinished
