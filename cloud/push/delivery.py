"""How urgent a push is and how long it is worth delivering (RFC 8030 section 5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from protocol.api import PushMessage

# Nobody waits at a door for longer; a ring that arrives later would only mislead.
RING_TTL_S = 60
# Who missed a visitor wants to know it after the flight, too.
OUTCOME_TTL_S = 24 * 60 * 60
# A phone that was taken out may lie in a drawer until the holidays are over.
FAREWELL_TTL_S = 14 * 24 * 60 * 60
# RFC 8030 section 5.4 allows 32 characters of base64url.
_TOPIC_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """The headers of a push; a newer push replaces a waiting one of the same topic."""

    ttl_s: int
    urgency: Literal["low", "normal", "high"]
    topic: str | None

    def headers(self) -> dict[str, str]:
        """Urgency and Topic. TTL is apart: every service must get one."""
        headers: dict[str, str] = {"Urgency": self.urgency}
        if self.topic:
            headers["Topic"] = self.topic
        return headers


def delivery_of(message: PushMessage) -> Delivery:
    """An outcome replaces a waiting ring; a picture, which is less urgent, must never."""
    match message.notification.data.change:
        case "rang":
            urgency: Literal["normal", "high"] = "normal" if message.notification.silent else "high"
            return Delivery(RING_TTL_S, urgency, _topic("ring", message))
        case "picture":
            return Delivery(RING_TTL_S, "normal", _topic("picture", message))
        case "answered" | "missed":
            return Delivery(OUTCOME_TTL_S, "normal", _topic("ring", message))
        case "motion":
            return Delivery(RING_TTL_S, "normal", _topic("ring", message))
        case "farewell":
            return Delivery(FAREWELL_TTL_S, "normal", None)
        case "test":
            return Delivery(RING_TTL_S, "high", None)


def _topic(kind: str, message: PushMessage) -> str:
    # A digest: push services need not learn which doorbell or visit it is.
    digest = hashlib.sha256(message.notification.tag.encode()).hexdigest()
    return f"{kind}-{digest}"[:_TOPIC_CHARACTERS]
