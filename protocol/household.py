"""The data channel `household` (reliable, ordered): an admin's phone manages who may do what.

It lives in a call without picture or sound, whose SDP is signed like any other, so neither the
server nor anybody on the way sees an invitation or a token. The phone asks with an `id`, the
doorbell replies with the same.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from protocol.audit import ROWS_LIMIT
from protocol.base import (
    CONTROL_MESSAGE_LIMIT_BYTES,
    Base64Url,
    Message,
    Name,
    PhoneId,
    Sentence,
    UnixMs,
    parse,
)
from protocol.control import Done, RequestId
from protocol.door import ALL_RIGHTS, WINDOW_LIMIT, Phone, Right, Window
from protocol.link import PHONES_LIMIT, TOKENS_LIMIT
from protocol.updates import SoftwareView, Version

TokenKind = Literal["view", "record"]
TokenId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{8}$")]


class Access(Message):
    """What a phone may do and when; `Phone` says what each part means."""

    rights: tuple[Right, ...] = Field(max_length=len(ALL_RIGHTS))
    until_ms: UnixMs | None = None
    windows: tuple[Window, ...] = Field(default=(), max_length=WINDOW_LIMIT)


class Member(Message):
    """A paired phone as an admin sees it."""

    phone: Phone
    since_ms: UnixMs | None = None
    passkey: bool = False
    calling: bool = False


class OpenInvitation(Message):
    """A code that still lets somebody in; `left_s` is how long."""

    access: Access
    left_s: float
    tries_left: int


class MintedToken(Message):
    """A token of other software; its secret is shown once, when it is made."""

    id: TokenId
    name: Name
    kind: TokenKind
    since_ms: UnixMs
    until_ms: UnixMs | None = None
    used_ms: UnixMs | None = None


class HouseRules(Message):
    """What admins decide for all: a passkey for every opening; whether the broker may open."""

    unlock_passkey: bool = False
    unlock_mqtt: bool = False


class Show(Message):
    """Ask for the household as it is; also the first request on the channel."""

    type: Literal["show"] = "show"
    id: RequestId


class ChangePhone(Message):
    type: Literal["change_phone"] = "change_phone"
    id: RequestId
    phone: PhoneId
    name: Name
    access: Access


class RemovePhone(Message):
    type: Literal["remove_phone"] = "remove_phone"
    id: RequestId
    phone: PhoneId


class Invite(Message):
    """Make a code for one more phone; an earlier one is void."""

    type: Literal["invite"] = "invite"
    id: RequestId
    access: Access


class WithdrawInvitation(Message):
    type: Literal["withdraw_invitation"] = "withdraw_invitation"
    id: RequestId


class MakeToken(Message):
    type: Literal["make_token"] = "make_token"
    id: RequestId
    name: Name
    kind: TokenKind
    until_ms: UnixMs | None = None


class RevokeToken(Message):
    type: Literal["revoke_token"] = "revoke_token"
    id: RequestId
    token: TokenId


class ChangeRules(Message):
    type: Literal["change_rules"] = "change_rules"
    id: RequestId
    rules: HouseRules


class ReadAudit(Message):
    """Rows before `before`, newest first; 0 is the newest."""

    type: Literal["read_audit"] = "read_audit"
    id: RequestId
    before: int = Field(default=0, ge=0)
    most: int = Field(default=ROWS_LIMIT, ge=1, le=ROWS_LIMIT)


class WantPasskey(Message):
    """Any phone with `unlock`: the challenge for making its own passkey, at this origin."""

    type: Literal["want_passkey"] = "want_passkey"
    id: RequestId
    origin: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]{1,253}$")]


class MakePasskey(Message):
    """What `navigator.credentials.create` returned (WebAuthn section 5.1.3), in base64url."""

    type: Literal["make_passkey"] = "make_passkey"
    id: RequestId
    credential: Base64Url
    client_data: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,2048}$")]
    attestation: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,8192}$")]


class RemovePasskey(Message):
    """An admin lets a phone make a new one."""

    type: Literal["remove_passkey"] = "remove_passkey"
    id: RequestId
    phone: PhoneId


class ShowSoftware(Message):
    """An admin asks which version runs and which there is; `look` asks the source again first."""

    type: Literal["update_state"] = "update_state"
    id: RequestId
    look: bool = False


class InstallUpdate(Message):
    """Install the offered version, as soon as nobody is at the door and no call is open."""

    type: Literal["update_install"] = "update_install"
    id: RequestId
    version: Version


HouseholdRequest = Annotated[
    Show
    | ChangePhone
    | RemovePhone
    | Invite
    | WithdrawInvitation
    | MakeToken
    | RevokeToken
    | ChangeRules
    | ReadAudit
    | WantPasskey
    | MakePasskey
    | RemovePasskey
    | ShowSoftware
    | InstallUpdate,
    Field(discriminator="type"),
]
HOUSEHOLD_REQUEST: TypeAdapter[HouseholdRequest] = TypeAdapter(HouseholdRequest)


class HouseholdView(Message):
    """The household as it is now: the reply to `show` and to every change, pushed to admins too.

    A phone without `admin` sees itself alone. `clock` tells whether the doorbell trusts its clock:
    while it does not, rights with an end or windows do not hold.
    """

    type: Literal["household"] = "household"
    id: int = Field(ge=0, le=2**31)
    members: tuple[Member, ...] = Field(max_length=PHONES_LIMIT)
    tokens: tuple[MintedToken, ...] = Field(default=(), max_length=TOKENS_LIMIT)
    invitation: OpenInvitation | None = None
    rules: HouseRules
    clock: bool


class Invited(Message):
    """The whole pairing link, with the secret behind `#`."""

    type: Literal["invited"] = "invited"
    id: RequestId
    link: str
    valid_s: float


class TokenMade(Message):
    """The token's secret, shown this once, and what it is good for."""

    type: Literal["token_made"] = "token_made"
    id: RequestId
    token: MintedToken
    secret: str


class AuditPage(Message):
    """Rows as they are kept (JSON texts of AuditRow), newest first; `hash` is the chain's there.

    `before` is the chain's hash before the oldest of them, so that a page can be checked alone;
    `head` is where the log stands now, signed (HEAD_TYP), and empty while it cannot be read.
    """

    type: Literal["audit_page"] = "audit_page"
    id: RequestId
    rows: tuple[str, ...] = Field(max_length=ROWS_LIMIT)
    hash: str
    before: str
    head: Annotated[str, StringConstraints(max_length=2048)] = ""


class PasskeyOptions(Message):
    """For `navigator.credentials.create`; `user` is an opaque handle, base64url."""

    type: Literal["passkey_options"] = "passkey_options"
    id: RequestId
    challenge: Base64Url
    rp_id: str
    user: Base64Url
    name: Name


class HouseholdRefused(Message):
    """Not done, and what the person can do about it; `id` is 0 when the message had none."""

    type: Literal["household_refused"] = "household_refused"
    id: int = Field(ge=0, le=2**31)
    reason: Literal["malformed", "right", "unknown", "full", "last_admin", "passkey", "fault",
                    "rate", "update"]  # fmt: skip
    detail: Sentence


HouseholdReply = Annotated[
    HouseholdView
    | Invited
    | TokenMade
    | AuditPage
    | PasskeyOptions
    | SoftwareView
    | Done
    | HouseholdRefused,
    Field(discriminator="type"),
]
HOUSEHOLD_REPLY: TypeAdapter[HouseholdReply] = TypeAdapter(HouseholdReply)


def parse_household_request(text: str | bytes) -> HouseholdRequest:
    """One message of a phone; raises RemoteProtocolError."""
    return parse(HOUSEHOLD_REQUEST, text, CONTROL_MESSAGE_LIMIT_BYTES)
