"""Visits for tests, in the shape that the server keeps them."""

from __future__ import annotations

from typing import Any

from protocol.door import Moment, Visit

DOORBELL = "a" * 26
ANNAS_PHONE = "b" * 26
RANG_MS = 1_795_000_000_000


def visit(**changes: Any) -> Visit:
    """A visit whose button was pressed at RANG_MS."""
    rang = Moment(at_ms=RANG_MS, what="rang")
    facts: dict[str, Any] = {
        "id": "visit-0001",
        "doorbell": DOORBELL,
        "cause": "press",
        "opened_ms": RANG_MS,
        "rang_ms": RANG_MS,
        "moments": (rang,),
    }
    return Visit(**facts | changes)


def then(what: str, after_s: float, who: str = "") -> tuple[Moment, Moment]:
    """The moments of a visit in which something followed the ring."""
    rang = Moment(at_ms=RANG_MS, what="rang")
    at_ms = RANG_MS + int(after_s * 1000)
    return rang, Moment.model_validate({"at_ms": at_ms, "what": what, "who": who})
