"""What the doorbell says to a broker and what it understands from it; no input or output here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Literal

from protocol.control import Chime, Light, QuickReply
from protocol.door import DoorState, Visit
from protocol.link import Occurrence, VisitClosed, VisitMoment, VisitOpened
from protocol.updates import SoftwareView

ONLINE, OFFLINE, STOPPED = "online", "offline", "stopped"
MOTION_ON, MOTION_OFF = "ON", "OFF"
LIGHT_ON, LIGHT_OFF = "ON", "OFF"
UNAVAILABLE = "unavailable"
CHIME_PRESS = "PRESS"
UPDATE_INSTALL = "install"
LONG_PRESS = "long_press"
QUICK_REPLIES = {
    "coming": "Say: coming",
    "leave_it": "Say: leave it at the door",
    "not_now": "Say: not now",
}
# The longest command is a quick reply's name.
COMMAND_LIMIT_BYTES = 64
SUMMARY_LIMIT = 255
# A visit keeps its last moments; a broker's retained message is no archive.
MOMENTS_KEPT = 20

Command = Light | Chime | QuickReply
_REPLIES: dict[str, Literal["coming", "leave_it", "not_now"]] = {
    "coming": "coming",
    "leave_it": "leave_it",
    "not_now": "not_now",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the broker."""

    topic: str
    payload: bytes
    retain: bool


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one doorbell, under `doorstep/<id>/`."""

    device_id: str

    def _at(self, end: str) -> str:
        return f"doorstep/{self.device_id}/{end}"

    @property
    def availability(self) -> str:
        return self._at("availability")

    @property
    def event(self) -> str:
        return self._at("event")

    @property
    def button(self) -> str:
        return self._at("button")

    @property
    def motion(self) -> str:
        return self._at("motion")

    @property
    def visit(self) -> str:
        return self._at("visit")

    @property
    def snapshot(self) -> str:
        return self._at("snapshot")

    @property
    def lock_state(self) -> str:
        return self._at("lock/state")

    @property
    def lock_set(self) -> str:
        return self._at("lock/set")

    @property
    def lock_nonce(self) -> str:
        return self._at("lock/nonce")

    @property
    def lock_result(self) -> str:
        return self._at("lock/result")

    @property
    def light_state(self) -> str:
        return self._at("light/state")

    @property
    def diagnostics(self) -> str:
        return self._at("diagnostics")

    @property
    def light_set(self) -> str:
        return self._at("light/set")

    @property
    def chime_set(self) -> str:
        return self._at("chime/set")

    @property
    def quick_reply_set(self) -> str:
        return self._at("quick_reply/set")

    @property
    def update_state(self) -> str:
        return self._at("update/state")

    @property
    def update_set(self) -> str:
        return self._at("update/set")

    @property
    def commands(self) -> tuple[str, ...]:
        """What the broker may always ask for; opening the door is not among it."""
        return self.light_set, self.chime_set, self.quick_reply_set


def visit_after(visit: Visit | None, what: Occurrence, device_id: str) -> Visit | None:
    """The visit once this has happened; None when it belongs to no visit that we know."""
    if isinstance(what, VisitOpened):
        return Visit(id=what.visit, doorbell=device_id, cause=what.cause, opened_ms=what.at_ms)
    if visit is None or visit.id != what.visit:
        return None
    if isinstance(what, VisitClosed):
        return visit.model_copy(update={"closed_ms": what.at_ms, "outcome": what.outcome})
    moment = what.moment
    changes: dict[str, object] = {"moments": (*visit.moments, moment)[-MOMENTS_KEPT:]}
    if moment.what == "rang" and visit.rang_ms is None:
        changes["rang_ms"] = moment.at_ms
    if moment.what == "answered" and visit.answered_by is None:
        changes["answered_by"] = moment.who
    return visit.model_copy(update=changes)


def messages_of(what: Occurrence, visit: Visit | None, topics: Topics) -> list[Message]:
    """What an occurrence is on the broker. A ring is an event and never retained."""
    said = []
    if isinstance(what, VisitMoment) and what.moment.what == "rang":
        moment = what.moment
        ring = {"event_type": "ring", "visit": what.visit, "at_ms": moment.at_ms}
        ring["quiet"] = moment.quiet
        said.append(Message(topics.event, json_bytes(ring), retain=False))
    if (motion := _motion(what)) is not None:
        said.append(Message(topics.motion, motion.encode(), retain=True))
    if visit is not None:
        said.append(Message(topics.visit, visit.model_dump_json().encode(), retain=True))
    return said


def long_press(visit: str, at_ms: int, topics: Topics) -> Message:
    """An event of its own, so that what waits for a ring is not started twice."""
    held = {"event_type": LONG_PRESS, "visit": visit, "at_ms": at_ms}
    return Message(topics.button, json_bytes(held), retain=False)


def state_messages(state: DoorState, topics: Topics) -> list[Message]:
    """The state of the door's parts, retained."""
    light = {"on": LIGHT_ON, "off": LIGHT_OFF, "unavailable": UNAVAILABLE}[state.light]
    faults = [fault.model_dump() for fault in state.faults]
    return [
        Message(topics.lock_state, state.lock.encode(), retain=True),
        Message(topics.light_state, light.encode(), retain=True),
        Message(topics.diagnostics, json_bytes({"faults": faults}), retain=True),
    ]


def update_message(view: SoftwareView, topics: Topics) -> Message:
    """As Home Assistant's update entity reads it; its summary holds 255 characters."""
    told = {
        "installed_version": view.installed,
        "latest_version": view.latest or view.installed,
        "title": "Doorstep",
        "release_summary": (view.detail or view.notes)[:SUMMARY_LIMIT],
        "in_progress": view.step in ("downloading", "waiting", "installing"),
        "update_percentage": view.percent,
    }
    return Message(topics.update_state, json_bytes(told), retain=True)


class CommandReader:
    """Reads what others write to the command topics; None for what is no command."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._ids = count(1)

    def read(self, topic: str, payload: bytes) -> Command | None:
        if len(payload) > COMMAND_LIMIT_BYTES:
            return None
        text = payload.decode("utf-8", "replace")
        if topic == self._topics.light_set and text in (LIGHT_ON, LIGHT_OFF):
            return Light(id=next(self._ids), on=text == LIGHT_ON)
        if topic == self._topics.chime_set and text == CHIME_PRESS:
            return Chime(id=next(self._ids))
        if topic == self._topics.quick_reply_set and text in _REPLIES:
            return QuickReply(id=next(self._ids), reply=_REPLIES[text])
        return None


def _motion(what: Occurrence) -> str | None:
    if isinstance(what, VisitClosed):
        return MOTION_OFF
    if isinstance(what, VisitOpened):
        return MOTION_ON if what.cause == "motion" else None
    return MOTION_ON if what.moment.what == "motion" else None


def json_bytes(value: object) -> bytes:
    """As short as JSON can be."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
