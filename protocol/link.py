"""The doorbell's standing link to its server (WebSocket, JSON text frames).

The doorbell speaks first (`hello`). What must not be lost travels as `report` with a sequence
number and is sent again after a reconnection until the server's `confirmed` names it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from protocol.base import (
    LINK_FRAME_LIMIT_BYTES,
    Base64Url,
    CallId,
    DeviceId,
    Message,
    Name,
    PhoneId,
    Sdp,
    Sentence,
    UnixMs,
    VisitId,
    parse,
)
from protocol.calls import CallChallenge, Sha256
from protocol.door import PHASE_LIMIT, Cause, DoorState, Moment, Outcome, Phase, Phone
from protocol.jws import JWS_LIMIT_BYTES
from protocol.pairing import PairChallenge, Paired, PairHello, PairProof, PairRefused

PHONES_LIMIT = 100
TOKENS_LIMIT = 50
# A JWS; what stands in it is checked by whom it concerns.
Signature = Annotated[str, StringConstraints(min_length=1, max_length=JWS_LIMIT_BYTES)]
# A view token as other software sends it.
ViewToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class KnownPhone(Message):
    """A phone that the doorbell has paired, with the key (SPKI, base64url) that it signs with."""

    phone: Phone
    public_key: Base64Url


class RecordToken(Message):
    """A token by which other software may send recordings; the server knows its hash alone."""

    id: str = Field(min_length=1, max_length=40)
    hash: Sha256
    until_ms: UnixMs | None = None


class Members(Message):
    """Who belongs to the household: first in `hello`, and again whenever it changes.

    A phone has the rights that it has now: none outside its windows. `forgotten` are phones that a
    reset took out; the server tells them and the doorbell forgets them with `welcome`.
    """

    type: Literal["members"] = "members"
    phones: tuple[KnownPhone, ...] = Field(max_length=PHONES_LIMIT)
    tokens: tuple[RecordToken, ...] = Field(default=(), max_length=TOKENS_LIMIT)
    forgotten: tuple[PhoneId, ...] = Field(default=(), max_length=PHONES_LIMIT)


class Hello(Message):
    """First frame of the doorbell; its key stands in the token of the upgrade request."""

    type: Literal["hello"] = "hello"
    version: int = Field(ge=1)
    device_id: DeviceId
    name: Name
    software: str = Field(max_length=40)
    members: Members
    state: DoorState


class State(Message):
    """The doorbell's parts changed."""

    type: Literal["state"] = "state"
    state: DoorState


class VisitOpened(Message):
    type: Literal["visit_opened"] = "visit_opened"
    visit: VisitId
    cause: Cause
    at_ms: UnixMs


class VisitMoment(Message):
    """Something happened in an open visit; `rang` makes the server notify phones."""

    type: Literal["visit_moment"] = "visit_moment"
    visit: VisitId
    moment: Moment


class VisitClosed(Message):
    type: Literal["visit_closed"] = "visit_closed"
    visit: VisitId
    at_ms: UnixMs
    outcome: Outcome


Occurrence = Annotated[VisitOpened | VisitMoment | VisitClosed, Field(discriminator="type")]


class Report(Message):
    """Something that must not be lost; `sequence` counts within `epoch`, one process life."""

    type: Literal["report"] = "report"
    epoch: str = Field(min_length=8, max_length=40)
    sequence: int = Field(ge=1)
    what: Occurrence


class CallAnswer(Message):
    """The answer; signed (ANSWER_TYP) when the offer was."""

    type: Literal["call_answer"] = "call_answer"
    call: CallId
    sdp: Sdp
    signature: Signature | None = None


class CallRefused(Message):
    """The doorbell will not take the call; `status` is the HTTP status for the phone."""

    type: Literal["call_refused"] = "call_refused"
    call: CallId
    status: int = Field(ge=400, le=599)
    detail: Sentence


class CallEnded(Message):
    """A call is over on the doorbell's side; the server forgets it."""

    type: Literal["call_ended"] = "call_ended"
    call: CallId


class CallTraced(Message):
    """How long each step of a call's start took on either side; for the server's histograms."""

    type: Literal["call_traced"] = "call_traced"
    call: CallId
    phone: tuple[Phase, ...] = Field(max_length=PHASE_LIMIT)
    doorbell: tuple[Phase, ...] = Field(max_length=PHASE_LIMIT)


class PairReply(Message):
    """Answer to `pair_step` with the same `step` number."""

    type: Literal["pair_reply"] = "pair_reply"
    step: int = Field(ge=1)
    reply: Annotated[PairChallenge | Paired | PairRefused, Field(discriminator="type")]


class Welcome(Message):
    """First frame of the server."""

    type: Literal["welcome"] = "welcome"
    version: int = Field(ge=1)
    now_ms: UnixMs


class Confirmed(Message):
    """Every report of this epoch up to `sequence` is on the server's disk."""

    type: Literal["confirmed"] = "confirmed"
    epoch: str = Field(min_length=8, max_length=40)
    sequence: int = Field(ge=1)


class ChallengeGiven(Message):
    """Answer to `challenge_wanted` with the same `ask` number."""

    type: Literal["challenge_given"] = "challenge_given"
    ask: int = Field(ge=1)
    challenge: CallChallenge


class ChallengeWanted(Message):
    """A phone wants to call and needs a nonce for its offer."""

    type: Literal["challenge_wanted"] = "challenge_wanted"
    ask: int = Field(ge=1)
    phone: PhoneId


class CallOffer(Message):
    """Somebody calls: a phone that has signed (OFFER_TYP), or other software with a view token.

    Who it is, the doorbell finds out by itself; what the server believes does not count.
    """

    type: Literal["call_offer"] = "call_offer"
    call: CallId
    sdp: Sdp
    signature: Signature | None = None
    view_token: ViewToken | None = None
    answers: VisitId | None = None


class CallCandidate(Message):
    """A trickled ICE candidate; an empty string ends them (RFC 8838 section 8.2)."""

    type: Literal["call_candidate"] = "call_candidate"
    call: CallId
    candidate: str = Field(max_length=1024)
    mid: str = Field(default="", max_length=32)


class CallHangUp(Message):
    type: Literal["call_hang_up"] = "call_hang_up"
    call: CallId


class PairStep(Message):
    """A phone's pairing message, carried unread."""

    type: Literal["pair_step"] = "pair_step"
    step: int = Field(ge=1)
    message: Annotated[PairHello | PairProof, Field(discriminator="type")]


class Refused(Message):
    """The server will not serve this doorbell; the socket closes after it."""

    type: Literal["refused"] = "refused"
    detail: Sentence
    retry: bool


FromDoorbell = Annotated[
    Hello
    | Members
    | State
    | Report
    | ChallengeGiven
    | CallAnswer
    | CallRefused
    | CallEnded
    | CallTraced
    | PairReply,
    Field(discriminator="type"),
]
FromServer = Annotated[
    Welcome
    | Confirmed
    | ChallengeWanted
    | CallOffer
    | CallCandidate
    | CallHangUp
    | PairStep
    | Refused,
    Field(discriminator="type"),
]
FROM_DOORBELL: TypeAdapter[FromDoorbell] = TypeAdapter(FromDoorbell)
FROM_SERVER: TypeAdapter[FromServer] = TypeAdapter(FromServer)


def parse_from_doorbell(text: str | bytes) -> FromDoorbell:
    """One frame of the doorbell; raises RemoteProtocolError."""
    return parse(FROM_DOORBELL, text, LINK_FRAME_LIMIT_BYTES)


def parse_from_server(text: str | bytes) -> FromServer:
    """One frame of the server; raises RemoteProtocolError."""
    return parse(FROM_SERVER, text, LINK_FRAME_LIMIT_BYTES)
