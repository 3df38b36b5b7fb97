"""Floods in the log: bounded in rows, and nothing uncounted."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from device.services.audit_flood import BURST, REFUSALS, SUMMARY_EVERY_S, Flood, summary
from protocol.audit import AuditWhat


def happen(flood: Flood, what: AuditWhat, now_s: float) -> bool:
    admitted = flood.admits(what, now_s)
    if not admitted:
        flood.count(what, now_s)
    return admitted


def test_a_minutes_worth_has_rows_of_its_own_and_the_rest_one_number() -> None:
    flood = Flood()
    rows = sum(happen(flood, "call_refused", 100.0) for _ in range(1000))
    assert rows == BURST
    assert flood.due(100.0 + SUMMARY_EVERY_S - 0.1) == []
    assert flood.next_due_s() == 100.0 + SUMMARY_EVERY_S
    assert flood.due(100.0 + SUMMARY_EVERY_S) == [("call_refused", 1000 - BURST)]
    assert flood.due() == []
    assert flood.next_due_s() is None
    assert summary(940).startswith("940 more of these happened")


def test_kinds_do_not_push_each_other_out() -> None:
    flood = Flood()
    for _ in range(1000):
        happen(flood, "call_refused", 5.0)
    assert happen(flood, "unlock_refused", 5.0)
    assert happen(flood, "paired", 5.0)


def test_ordinary_things_recover_in_seconds_and_refusals_in_minutes() -> None:
    flood = Flood()
    for what in ("call_began", "call_refused"):
        while happen(flood, what, 0.0):
            pass
    assert happen(flood, "call_began", 1.0)
    assert not happen(flood, "call_refused", 59.0)
    assert happen(flood, "call_refused", 60.0)


@given(st.lists(st.tuples(st.sampled_from(get_args(AuditWhat)), st.floats(0, 30)), max_size=400))
def test_every_event_is_a_row_or_in_a_number_and_a_day_of_refusals_is_small(
    events: list[tuple[AuditWhat, float]],
) -> None:
    flood, now_s, rows, counted = Flood(), 0.0, 0, 0
    for what, later_s in events:
        now_s += later_s
        counted += sum(count for _, count in flood.due(now_s))
        rows += happen(flood, what, now_s)
    counted += sum(count for _, count in flood.due())
    assert rows + counted == len(events)


def test_an_hour_of_refusals_is_a_few_rows() -> None:
    flood = Flood()
    rows = 0
    for second in range(3600):
        rows += len(flood.due(float(second)))
        for _ in range(50):
            rows += happen(flood, "unlock_refused", float(second))
    assert rows <= BURST + 2 * 60
    assert {"call_refused", "pairing_refused", "unlock_refused"} == REFUSALS
