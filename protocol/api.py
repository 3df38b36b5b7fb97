"""What the server's HTTP interface returns and streams to phones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from protocol.base import Base64Url, DeviceId, Message, Name, PhoneId, UnixMs
from protocol.door import DoorState, Phone, Visit


class Doorbell(Message):
    """A doorbell of the household; `since_ms` is when it came or went."""

    id: DeviceId
    name: Name
    online: bool
    since_ms: UnixMs
    state: DoorState | None = None
    latest: Visit | None = None
    me: Phone


class DoorbellList(Message):
    items: tuple[Doorbell, ...]


class VisitPage(Message):
    """Newest first; `next` is the cursor of the following page."""

    items: tuple[Visit, ...]
    next: str | None = None


class VisitEvent(Message):
    """A visit changed; the whole of it as it is now."""

    type: Literal["visit"] = "visit"
    change: Literal["opened", "rang", "answered", "moment", "snapshot", "closed", "clip"]
    visit: Visit


class DoorbellEvent(Message):
    """A doorbell came, went, or changed."""

    type: Literal["doorbell"] = "doorbell"
    id: DeviceId
    name: Name
    online: bool
    since_ms: UnixMs
    state: DoorState | None = None


ServerEvent = Annotated[VisitEvent | DoorbellEvent, Field(discriminator="type")]


class IceServer(Message):
    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class IceServers(Message):
    ice_servers: tuple[IceServer, ...]
    expires_ms: UnixMs | None = None


class PushKey(Message):
    """The server's VAPID key (RFC 8292), uncompressed point, base64url."""

    public_key: str


class WebPushTarget(Message):
    """A subscription as the browser's PushManager gives it."""

    type: Literal["webpush"] = "webpush"
    endpoint: Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://")]
    p256dh: Base64Url
    auth: Base64Url


class FcmTarget(Message):
    """A Firebase installation id (`fid`) or, for older software, a registration token."""

    type: Literal["fcm"] = "fcm"
    kind: Literal["fid", "token"] = "fid"
    value: Annotated[str, StringConstraints(min_length=1, max_length=512)]


PushTarget = Annotated[WebPushTarget | FcmTarget, Field(discriminator="type")]


class PushSubscription(Message):
    """Where this phone wants to be told."""

    target: PushTarget
    language: Literal["en", "de"] = "en"


class Notification(Message):
    """A notification in the declarative form of Web Push (`web_push: 8030`)."""

    title: str
    body: str
    navigate: str
    tag: str
    lang: Literal["en", "de"] = "en"
    silent: bool = False
    image: str | None = None
    data: NotificationData


class NotificationData(Message):
    """What the service worker needs to act; `at_ms`, then `change`, orders messages of one tag.

    `at_ms` is when it happened at the door, by the doorbell's clock; `phone` is who answered.
    """

    visit: str
    doorbell: str
    change: Literal["rang", "picture", "answered", "missed", "motion", "test", "farewell"]
    at_ms: UnixMs = 0
    phone: PhoneId | None = None


class PushMessage(Message):
    """The whole push payload. Read by Safari itself and by our service worker alike."""

    web_push: Literal[8030] = 8030
    notification: Notification


class Problem(Message):
    """An error as RFC 9457 writes it."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str


Notification.model_rebuild()
PushMessage.model_rebuild()
