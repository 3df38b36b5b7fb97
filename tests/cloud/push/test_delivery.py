"""How urgent each push is, and what it replaces while it waits at the push service."""

from __future__ import annotations

import re

from cloud.push.compose import Change, Notice, compose, compose_farewell, compose_test
from cloud.push.delivery import Delivery, delivery_of
from tests.support.visits import DOORBELL, visit


def _of(change: Change, visit_id: str = "visit-0001") -> Delivery:
    return delivery_of(compose(Notice(change, visit(id=visit_id), "Front door"), "en"))


def test_a_ring_is_urgent_and_short_lived() -> None:
    ring = _of("rang")
    assert (ring.ttl_s, ring.urgency) == (60, "high")


def test_nothing_else_wakes_a_phone() -> None:
    changes: tuple[Change, ...] = ("picture", "answered", "missed", "motion")
    assert {_of(change).urgency for change in changes} == {"normal"}


def test_an_outcome_replaces_a_waiting_ring_and_outlives_it() -> None:
    assert _of("missed").topic == _of("answered").topic == _of("rang").topic
    assert _of("missed").ttl_s > 3600


def test_a_picture_never_replaces_a_waiting_ring() -> None:
    assert _of("picture").topic != _of("rang").topic


def test_visits_do_not_replace_each_other() -> None:
    assert _of("rang", "visit-0001").topic != _of("rang", "visit-0002").topic


def test_topics_fit_the_standard_and_hide_the_visit() -> None:
    topic = _of("rang").topic or ""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", topic)
    assert "visit-0001" not in topic


def test_a_farewell_waits_for_a_phone_that_is_off_for_long() -> None:
    farewell = delivery_of(compose_farewell(DOORBELL, "Front door", "en"))
    assert farewell.ttl_s >= 7 * 24 * 3600
    assert "Topic" not in farewell.headers()


def test_the_test_push_has_no_topic() -> None:
    assert "Topic" not in delivery_of(compose_test(DOORBELL, "en")).headers()
