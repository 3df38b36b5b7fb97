"""Rings that are told before they are on the disk."""

from __future__ import annotations

from cloud.signalling.herald import Herald
from protocol.api import VisitEvent
from protocol.door import Moment, Visit
from protocol.link import Occurrence, Report, VisitClosed, VisitMoment, VisitOpened

DOOR = "a" * 26
OPENED = VisitOpened(visit="visit-0001", cause="press", at_ms=1000)
RANG = VisitMoment(visit="visit-0001", moment=Moment(at_ms=1000, what="rang", quiet=True))


def report(sequence: int, what: Occurrence) -> Report:
    return Report(epoch="0123456789", sequence=sequence, what=what)


def test_a_press_is_told_as_a_visit_that_has_rung() -> None:
    event = Herald().foretell(DOOR, report(1, OPENED))
    assert event is not None
    assert event.change == "opened"
    assert (event.visit.cause, event.visit.rang_ms, event.visit.doorbell) == ("press", 1000, DOOR)


def test_a_visit_that_was_told_is_known_before_it_is_kept() -> None:
    herald = Herald()
    assert not herald.knows(DOOR, "visit-0001")
    herald.foretell(DOOR, report(1, OPENED))
    assert herald.knows(DOOR, "visit-0001")
    assert not herald.knows(DOOR, "visit-0002")
    assert not herald.knows("b" * 26, "visit-0001")


def test_its_moment_follows_with_what_the_house_decided() -> None:
    herald = Herald()
    herald.foretell(DOOR, report(1, OPENED))
    event = herald.foretell(DOOR, report(2, RANG))
    assert event is not None
    assert event.change == "rang"
    assert event.visit.moments == (RANG.moment,)
    assert event.visit.rang_ms == 1000


def test_a_press_in_a_visit_by_motion_keeps_what_the_visit_was() -> None:
    herald = Herald()
    visit = Visit(id="visit-0001", doorbell=DOOR, cause="motion", opened_ms=1, snapshot=True)
    herald.kept(VisitEvent(change="snapshot", visit=visit))
    event = herald.foretell(DOOR, report(7, RANG))
    assert event is not None
    assert event.visit.snapshot
    assert event.visit.cause == "motion"
    assert event.visit.opened_ms == 1
    assert event.visit.rang_ms == 1000


def test_a_report_that_comes_again_is_not_told_again() -> None:
    herald = Herald()
    first = herald.foretell(DOOR, report(1, OPENED))
    assert first is not None
    assert herald.foretell(DOOR, report(1, OPENED)) is None
    assert herald.told(DOOR, report(1, OPENED)) == first.visit
    assert herald.told("b" * 26, report(1, OPENED)) is None


def test_what_can_wait_is_not_foretold() -> None:
    herald = Herald()
    motion = VisitOpened(visit="visit-0001", cause="motion", at_ms=1)
    assert herald.foretell(DOOR, report(1, motion)) is None
    closed = VisitClosed(visit="visit-0001", at_ms=9, outcome="missed")
    assert herald.foretell(DOOR, report(2, closed)) is None


def test_a_ring_of_an_unknown_or_closed_visit_waits_for_the_disk() -> None:
    herald = Herald()
    assert herald.foretell(DOOR, report(1, RANG)) is None
    visit = Visit(id="visit-0001", doorbell=DOOR, cause="press", opened_ms=1, closed_ms=5)
    herald.kept(VisitEvent(change="closed", visit=visit))
    assert herald.foretell(DOOR, report(2, RANG)) is None
