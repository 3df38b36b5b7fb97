"""What a push says: from a change of a visit to the one payload that every phone understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cloud.push.words import WORDS, Language, Words, place
from protocol.api import Notification, NotificationData, PushMessage
from protocol.door import Moment, Visit

Change = Literal["rang", "picture", "answered", "missed", "motion"]
# Only these may sound; the rest replaces what is already on the screen.
_ALERTING = frozenset({"rang", "motion", "test"})


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that phones are told: a visit as it is after `change`."""

    change: Change
    visit: Visit
    doorbell_name: str
    phone: str | None = None
    """Id of the phone that answered, when one did."""


def compose(notice: Notice, language: Language, address: str = "") -> PushMessage:
    """The push for one notice; `address` is where phones reach the server, without a slash.

    The picture is a plain path: no token leaves the server, the phone signs its own request.
    """
    visit, words = notice.visit, WORDS[language]
    title, body = _text(notice, words, place(notice.doorbell_name, language))
    return PushMessage(
        notification=Notification(
            title=title,
            body=body,
            navigate=f"{address}/#/{_screen(notice)}/{visit.id}",
            tag=tag_of(visit.id),
            lang=language,
            silent=notice.change not in _ALERTING or is_quiet(notice),
            image=f"{address}/api/v1/visits/{visit.id}/snapshot.jpg" if visit.snapshot else None,
            data=NotificationData(
                visit=visit.id,
                doorbell=visit.doorbell,
                change=notice.change,
                at_ms=_when(notice),
                phone=notice.phone,
            ),
        )
    )


def compose_test(doorbell: str, language: Language, address: str = "") -> PushMessage:
    """The push behind the test button of the settings screen."""
    words = WORDS[language]
    return PushMessage(
        notification=Notification(
            title=words.test,
            body=words.test_body,
            navigate=f"{address}/#/settings",
            tag="test",
            lang=language,
            data=NotificationData(visit="", doorbell=doorbell, change="test"),
        )
    )


def compose_farewell(
    doorbell: str, name: str, language: Language, address: str = ""
) -> PushMessage:
    """The last push to a phone that is not in the household of `doorbell` any more."""
    words = WORDS[language]
    return PushMessage(
        notification=Notification(
            title=words.farewell,
            body=words.farewell_body.format(name=name),
            navigate=f"{address}/#/",
            tag=f"farewell-{doorbell}",
            lang=language,
            data=NotificationData(visit="", doorbell=doorbell, change="farewell"),
        )
    )


def is_quiet(notice: Notice) -> bool:
    """Whether the press fell into quiet hours, so that phones show it without a sound."""
    rings = [moment for moment in notice.visit.moments if moment.what == "rang"]
    return notice.change == "rang" and bool(rings) and max(rings, key=_at).quiet


def tag_of(visit: str) -> str:
    """The same for all of a visit's notifications, so that each replaces the one before."""
    return f"visit-{visit}"


def _text(notice: Notice, words: Words, at: str) -> tuple[str, str]:
    match notice.change:
        case "rang":
            return words.rang.format(at=at), words.rang_body
        case "picture":
            return words.rang.format(at=at), words.picture_body
        case "motion":
            return words.motion.format(at=at), words.motion_body
        case "answered":
            return _answered(notice, words), words.outcome_body.format(at=at)
        case "missed":
            return _missed(notice.visit, words), words.outcome_body.format(at=at)


def _answered(notice: Notice, words: Words) -> str:
    who = notice.visit.answered_by
    return words.answered.format(who=who) if who else words.answered_unnamed


def _missed(visit: Visit, words: Words) -> str:
    rang = _latest(visit, "rang") or visit.rang_ms
    ended = _latest(visit, "missed") or visit.closed_ms
    if rang is None or ended is None or ended < rang:
        return words.missed
    return words.missed_after.format(seconds=round((ended - rang) / 1000))


def _screen(notice: Notice) -> Literal["ring", "visit"]:
    return "ring" if notice.change in {"rang", "picture"} else "visit"


def _when(notice: Notice) -> int:
    """When it happened at the door; a picture belongs to the press that it shows."""
    visit = notice.visit
    match notice.change:
        case "rang" | "picture":
            return _latest(visit, "rang") or visit.rang_ms or visit.opened_ms
        case "answered" | "missed":
            return _latest(visit, notice.change) or visit.closed_ms or visit.opened_ms
        case "motion":
            return visit.opened_ms


def _at(moment: Moment) -> int:
    return moment.at_ms


def _latest(visit: Visit, what: str) -> int | None:
    return max((moment.at_ms for moment in visit.moments if moment.what == what), default=None)
