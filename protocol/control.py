"""The data channel `control` of a call (reliable, ordered).

The phone asks with an `id`; the doorbell replies with the same. State comes unasked.
Unlocking takes two steps: `unlock` asks for a challenge, `unlock_confirm` signs it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from protocol.audit import AuditHead, AuditLinks
from protocol.base import (
    CONTROL_MESSAGE_LIMIT_BYTES,
    Base64Url,
    CallId,
    DeviceId,
    Message,
    PhoneId,
    Sentence,
    UnixMs,
    parse,
)
from protocol.calls import Nonce, Sha256
from protocol.door import PHASE_LIMIT, DoorState, Layer, Phase
from protocol.jws import JWS_LIMIT_BYTES

RequestId = Annotated[int, Field(ge=1, le=2**31)]
# How a picture that does not fit the network is thinned: all frames, the first half of each group
# of pictures, or keyframes alone.
Pace = Literal["full", "half", "keyframes"]
# Why the phone has the layer that it has: the call has just begun, the network carries no more,
# the network carries it again, or the phone looks closer than the whole picture shows.
LayerReason = Literal["start", "network", "recovered", "close_up"]
COMMAND_TYP = "doorstep-command+jws"
RECEIPT_TYP = "doorstep-receipt+jws"


class UnlockCommand(Message):
    """What a phone signs (COMMAND_TYP) to open this door, in this call, once."""

    action: Literal["unlock"] = "unlock"
    doorbell: DeviceId
    phone: PhoneId
    channel: Sha256
    challenge: Nonce


class UnlockReceipt(Message):
    """What the doorbell signs (RECEIPT_TYP) when it has opened.

    `command_hash` is of the command's whole JWS, `row` the number in the audit log.
    """

    doorbell: DeviceId
    phone: PhoneId
    command_hash: Sha256
    at_ms: UnixMs
    pulse_s: float
    row: int = Field(ge=1)


class PasskeyAsk(Message):
    """Which passkeys may confirm: credential ids, and the relying party that they were made for."""

    rp_id: str = Field(max_length=253)
    credentials: tuple[Base64Url, ...] = Field(max_length=8)


class PasskeyAssertion(Message):
    """What `navigator.credentials.get` returned (WebAuthn section 5.1.4), all in base64url."""

    credential: Base64Url
    authenticator_data: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,1024}$")]
    client_data: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,2048}$")]
    signature: Base64Url


class Unlock(Message):
    """Ask to open; the reply carries a challenge."""

    type: Literal["unlock"] = "unlock"
    id: RequestId


class UnlockConfirm(Message):
    """The phone's signed command (COMMAND_TYP) and, when it was asked for, its passkey's word.

    The passkey's challenge is SHA-256 of the whole `command`, so it speaks of this opening alone.
    """

    type: Literal["unlock_confirm"] = "unlock_confirm"
    id: RequestId
    command: Annotated[str, StringConstraints(min_length=1, max_length=JWS_LIMIT_BYTES)]
    passkey: PasskeyAssertion | None = None


class Light(Message):
    type: Literal["light"] = "light"
    id: RequestId
    on: bool


class Chime(Message):
    type: Literal["chime"] = "chime"
    id: RequestId


class Volume(Message):
    """Loudness of the door's speaker, 0 to 100."""

    type: Literal["volume"] = "volume"
    id: RequestId
    percent: int = Field(ge=0, le=100)


class QuickReply(Message):
    """Speak one of the doorbell's prepared sentences."""

    type: Literal["quick_reply"] = "quick_reply"
    id: RequestId
    reply: Literal["coming", "leave_it", "not_now"]


class Mute(Message):
    """Whether the door's microphone is heard by this phone."""

    type: Literal["mute"] = "mute"
    id: RequestId
    on: bool


class HangUp(Message):
    type: Literal["hang_up"] = "hang_up"
    id: RequestId


class Ping(Message):
    """At least once a second; when nothing comes for three, the path is gone."""

    type: Literal["ping"] = "ping"
    id: RequestId


class Phases(Message):
    """How long each step of this call took on the phone; asked once, after the first picture."""

    type: Literal["phases"] = "phases"
    id: RequestId
    phases: tuple[Phase, ...] = Field(max_length=PHASE_LIMIT)


class AuditSince(Message):
    """Ask for proof that the audit log still continues the one whose head the phone remembers."""

    type: Literal["audit_since"] = "audit_since"
    id: RequestId
    row: int = Field(ge=0)


ControlRequest = Annotated[
    Unlock
    | UnlockConfirm
    | Light
    | Chime
    | Volume
    | QuickReply
    | Mute
    | HangUp
    | Ping
    | Phases
    | AuditSince,
    Field(discriminator="type"),
]
CONTROL_REQUEST: TypeAdapter[ControlRequest] = TypeAdapter(ControlRequest)


class Done(Message):
    """The request was carried out."""

    type: Literal["done"] = "done"
    id: RequestId


class Challenge(Message):
    """Sign this within `valid_s` to open the door for `pulse_s`; with a passkey if it asks one."""

    type: Literal["challenge"] = "challenge"
    id: RequestId
    challenge: Nonce
    valid_s: float
    pulse_s: float
    passkey: PasskeyAsk | None = None


class Unlocked(Message):
    """The door is open; `receipt` is signed by the doorbell (RECEIPT_TYP)."""

    type: Literal["unlocked"] = "unlocked"
    id: RequestId
    receipt: str


class Denied(Message):
    """The request was not carried out, and what the person can do about it.

    `id` is 0 when the message had none that could be read.
    """

    type: Literal["denied"] = "denied"
    id: int = Field(ge=0, le=2**31)
    reason: Literal["malformed", "right", "challenge", "passkey", "busy", "fault", "rate"]
    detail: Sentence


class Viewer(Message):
    """Another phone in the conversation."""

    name: str = Field(max_length=60)
    talking: bool = False


class CallState(Message):
    """The door and the conversation as they are now; pushed at every change."""

    type: Literal["call_state"] = "call_state"
    door: DoorState
    others: tuple[Viewer, ...] = Field(default=(), max_length=32)
    layer: Layer = "high"
    pace: Pace = "full"
    why: LayerReason = "start"


class Trace(Message):
    """One call's start, as both ends saw it; the reply to `phases`."""

    type: Literal["trace"] = "trace"
    id: RequestId
    call: CallId
    phone: tuple[Phase, ...] = Field(max_length=PHASE_LIMIT)
    doorbell: tuple[Phase, ...] = Field(max_length=PHASE_LIMIT)


ControlReply = Annotated[
    Done | Challenge | Unlocked | Denied | CallState | Trace | AuditHead | AuditLinks,
    Field(discriminator="type"),
]
CONTROL_REPLY: TypeAdapter[ControlReply] = TypeAdapter(ControlReply)


def parse_control_request(text: str | bytes) -> ControlRequest:
    """One message of a phone; raises RemoteProtocolError."""
    return parse(CONTROL_REQUEST, text, CONTROL_MESSAGE_LIMIT_BYTES)
