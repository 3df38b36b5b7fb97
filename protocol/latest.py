"""The data channel `latest` of a call: unordered, never sent again, only the newest matters.

Each message carries a sequence number that counts up per type and direction; one that is not
newer than the last of its type is dropped on arrival (RFC 8831 section 6.6 for the channel).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from protocol.base import Message, parse

# A statistic is about 300 bytes; a datagram that is not split carries three times that.
LATEST_MESSAGE_LIMIT_BYTES = 1024
CLOSEST_ZOOM = 8.0

Sequence = Annotated[int, Field(ge=1, le=2**53)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Pulse(Message):
    """The doorbell asks how things arrive, a few times a second."""

    type: Literal["pulse"] = "pulse"
    sequence: Sequence


class Statistics(Message):
    """The phone's answer to a pulse: what its video receiver has counted since the call began.

    `pulse` is the sequence of the pulse that it answers, so that the round trip can be measured.
    """

    type: Literal["statistics"] = "statistics"
    sequence: Sequence
    pulse: Sequence
    bytes_received: Count
    packets_received: Count
    packets_lost: int = Field(ge=-(2**31), le=2**53)
    frames_decoded: Count
    frames_dropped: Count
    freezes: Count
    jitter_ms: float = Field(ge=0, le=1e6, allow_inf_nan=False)
    visible: bool = True


class View(Message):
    """What the phone looks at: `zoom` times, centred on (`x`, `y`) of the whole picture."""

    type: Literal["view"] = "view"
    sequence: Sequence
    zoom: float = Field(ge=1, le=CLOSEST_ZOOM, allow_inf_nan=False)
    x: Share
    y: Share


class Shown(Message):
    """The doorbell says which part the pictures of this call show; `zoom` 1 is all of it.

    `from_rtp`: RTP timestamp of the first picture that shows it, so that the page can move the
    picture in the moment in which its content changes; without it, from about now on.
    """

    type: Literal["shown"] = "shown"
    sequence: Sequence
    zoom: float = Field(ge=1, le=CLOSEST_ZOOM, allow_inf_nan=False)
    x: Share
    y: Share
    from_rtp: int | None = Field(default=None, ge=0, lt=2**32)


FromPhone = Annotated[Statistics | View, Field(discriminator="type")]
ToPhone = Annotated[Pulse | Shown, Field(discriminator="type")]
FROM_PHONE: TypeAdapter[FromPhone] = TypeAdapter(FromPhone)
TO_PHONE: TypeAdapter[ToPhone] = TypeAdapter(ToPhone)


def parse_from_phone(text: str | bytes) -> FromPhone:
    """One message of a phone; raises RemoteProtocolError."""
    return parse(FROM_PHONE, text, LATEST_MESSAGE_LIMIT_BYTES)
