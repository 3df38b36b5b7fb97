"""What every message shares: frozen models, capped sizes, one way in and one way out."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from protocol.errors import RemoteProtocolError

PROTOCOL_VERSION = 1

# One text frame on the link. A signed SDP offer is about 6 kB; this leaves room for many codecs.
LINK_FRAME_LIMIT_BYTES = 256 * 1024
# One message on a data channel; the largest legitimate one is a quick reply's text.
CONTROL_MESSAGE_LIMIT_BYTES = 16 * 1024
SDP_LIMIT_BYTES = 64 * 1024

DeviceId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{26}$")]
PhoneId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{26}$")]
VisitId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{8,40}$")]
CallId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,40}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Sentence = Annotated[str, StringConstraints(max_length=300)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=SDP_LIMIT_BYTES)]
Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,512}$")]
# Milliseconds since 1970, by the sender's clock. The cap is the year 2286.
UnixMs = Annotated[int, Field(ge=0, le=10**13)]


class Message(BaseModel):
    """A frozen value; a field that the protocol does not know is refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
    )


AnyMessage = TypeVar("AnyMessage")


def parse(adapter: TypeAdapter[AnyMessage], text: str | bytes, limit: int) -> AnyMessage:
    """Read one JSON message; RemoteProtocolError says in one sentence what is wrong with it."""
    if len(text) > limit:
        raise RemoteProtocolError(f"The message has {len(text)} bytes; {limit} are allowed.")
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise RemoteProtocolError(describe(error)) from error


def describe(error: ValidationError) -> str:
    """The first fault of a validation error as one sentence, without echoing the input."""
    first: Any = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place, words = first["loc"], first["msg"]
    # These two would repeat the sender's own words, line breaks and all, into logs.
    if first["type"] == "extra_forbidden":
        place, words = place[:-1], "It has a field that the protocol does not know"
    elif first["type"] == "union_tag_invalid":
        words = "The protocol has no message of this type"
    return f"{'.'.join(map(str, place)) or 'message'}: {words}."


def id_of(text: str | bytes, limit: int) -> int:
    """The `id` of a message that is not in the protocol, or 0: a refusal names what it refuses."""
    if len(text) > limit:
        return 0
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return 0
    number = found.get("id") if isinstance(found, dict) else None
    return number if type(number) is int and 0 < number <= 2**31 else 0
