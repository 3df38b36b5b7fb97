"""What is said to a broker and what is understood from it."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from device.services.mqtt_topics import (
    COMMAND_LIMIT_BYTES,
    MOMENTS_KEPT,
    CommandReader,
    Topics,
    long_press,
    messages_of,
    state_messages,
    visit_after,
)
from protocol.control import Chime, Light, QuickReply
from protocol.door import DoorState, Fault, Moment, Visit
from protocol.link import VisitClosed, VisitMoment, VisitOpened

DEVICE = "a" * 26
TOPICS = Topics(DEVICE)
OPENED = VisitOpened(visit="visit-0001", cause="motion", at_ms=1000)


def _moment(what: Literal["motion", "rang", "answered"], who: str = "") -> VisitMoment:
    return VisitMoment(visit="visit-0001", moment=Moment(at_ms=2000, what=what, who=who))


def _opened() -> Visit | None:
    return visit_after(None, OPENED, DEVICE)


def test_a_ring_is_an_event_and_never_retained() -> None:
    ring = messages_of(_moment("rang"), _opened(), TOPICS)[0]
    assert ring.topic == f"doorstep/{DEVICE}/event"
    assert not ring.retain
    assert json.loads(ring.payload) == {
        "event_type": "ring", "visit": "visit-0001", "at_ms": 2000, "quiet": False,
    }  # fmt: skip


def test_a_long_press_is_an_event_of_its_own_and_never_retained() -> None:
    held = long_press("visit-0001", 7000, TOPICS)
    assert (held.topic, held.retain) == (f"doorstep/{DEVICE}/button", False)
    assert json.loads(held.payload) == {
        "event_type": "long_press", "visit": "visit-0001", "at_ms": 7000,
    }  # fmt: skip


def test_motion_begins_with_someone_and_ends_with_the_visit() -> None:
    closed = VisitClosed(visit="visit-0001", at_ms=3000, outcome="motion")
    said = [messages_of(what, None, TOPICS) for what in (OPENED, closed)]
    assert [(each.topic, each.payload, each.retain) for (each,) in said] == [
        (TOPICS.motion, b"ON", True),
        (TOPICS.motion, b"OFF", True),
    ]


def test_a_press_alone_is_no_motion() -> None:
    pressed = VisitOpened(visit="visit-0001", cause="press", at_ms=1000)
    assert messages_of(pressed, None, TOPICS) == []


def test_a_visit_is_followed_from_opening_to_outcome() -> None:
    visit = _opened()
    for what in (
        _moment("rang"),
        _moment("answered", "Anna"),
        VisitClosed(visit="visit-0001", at_ms=9000, outcome="answered"),
    ):
        visit = visit_after(visit, what, DEVICE)
    assert visit is not None
    assert (visit.rang_ms, visit.answered_by, visit.closed_ms) == (2000, "Anna", 9000)
    assert visit.outcome == "answered"


def test_what_belongs_to_another_visit_changes_nothing() -> None:
    other = VisitMoment(visit="visit-0002", moment=Moment(at_ms=1, what="rang"))
    assert visit_after(_opened(), other, DEVICE) is None


def test_a_long_visit_keeps_its_last_moments() -> None:
    visit = _opened()
    for _ in range(MOMENTS_KEPT + 5):
        visit = visit_after(visit, _moment("motion"), DEVICE)
    assert visit is not None
    assert len(visit.moments) == MOMENTS_KEPT


def test_the_state_of_the_parts_is_retained() -> None:
    fault = Fault(part="camera", detail="The camera is not there. Check its cable.")
    said = state_messages(DoorState(lock="locked", light="unavailable", faults=(fault,)), TOPICS)
    assert all(message.retain for message in said)
    by_topic = {message.topic: message.payload for message in said}
    assert by_topic[TOPICS.lock_state] == b"locked"
    assert by_topic[TOPICS.light_state] == b"unavailable"
    assert json.loads(by_topic[TOPICS.diagnostics])["faults"][0]["part"] == "camera"


def test_commands_are_understood() -> None:
    reader = CommandReader(TOPICS)
    assert reader.read(TOPICS.light_set, b"ON") == Light(id=1, on=True)
    assert reader.read(TOPICS.light_set, b"OFF") == Light(id=2, on=False)
    assert reader.read(TOPICS.chime_set, b"PRESS") == Chime(id=3)
    assert reader.read(TOPICS.quick_reply_set, b"coming") == QuickReply(id=4, reply="coming")


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (TOPICS.light_set, b""),
        (TOPICS.light_set, b"on"),
        (TOPICS.light_set, b"\xff\xfe"),
        (TOPICS.light_set, b"ON" * COMMAND_LIMIT_BYTES),
        (TOPICS.chime_set, b"ON"),
        (TOPICS.quick_reply_set, b"unlock"),
        (f"doorstep/{DEVICE}/lock/set", b"UNLOCK"),
        (f"doorstep/{'b' * 26}/light/set", b"ON"),
    ],
)
def test_anything_else_is_no_command(topic: str, payload: bytes) -> None:
    assert CommandReader(TOPICS).read(topic, payload) is None
