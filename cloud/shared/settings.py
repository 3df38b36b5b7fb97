"""What the server can be told: frozen groups, a doc under each field, loaded once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from media.addresses import Network, address_of, checked_ports, ports_of
from protocol.base import DeviceId
from protocol.settings import Group, SettingsError, load

_DEFAULT_STATE = Path(".doorstep/cloud")
_BUILT_APP = Path(__file__).parents[2] / "mobile-web" / "dist"
_STUN_URL = r"^stuns?:[^\s]+$"
_TURN_URL = r"^turns?:[^\s]+$"
_HOST = r"^[A-Za-z0-9.-]+$"


def _checked_network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValueError("write addresses like 127.0.0.1 or networks like 10.0.0.0/8") from error
    return text


class Http(Group):
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 or :: for every network."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on; the variable PORT also sets it, 0 lets the system choose."""
    public_url: str | None = None
    """Where phones reach the server, for example https://door.example.org; unset: as they ask."""
    other_hosts: tuple[Annotated[str, Field(pattern=_HOST)], ...] = ()
    """With public_url: further names by which it may be asked; local addresses always may."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_checked_network)], ...] = ()
    """Addresses or networks of reverse proxies, such as 127.0.0.1; only theirs name the client."""
    app: Path = _BUILT_APP
    """Folder of the built app for phones."""

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not re.fullmatch(r"https?://[^/?#\s]+/?", url):
            raise ValueError("write it as https://name, without a path")
        return url.rstrip("/")


class State(Group):
    directory: Path = _DEFAULT_STATE
    """Folder for the database, keys and, unless clips.url says otherwise, clips."""


class Doorbells(Group):
    enrolment: Literal["first", "listed"] = "first"
    """first: adopt the first doorbell that connects; listed: only those in doorbells.allowed."""
    allowed: tuple[DeviceId, ...] = ()
    """Ids of further doorbells that may connect."""


class Clips(Group):
    url: str | None = None
    """Where clips are kept: file:///… or s3://bucket/prefix; unset: in the state folder."""
    options: dict[str, str] = Field(default_factory=dict)
    """Of a bucket: region, endpoint. Its keys come as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY."""

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"^(file:///|s3://[^/\s]+)", url):
            raise ValueError("write it as file:///folder or s3://bucket/prefix")
        return url


class Push(Group):
    vapid_subject: str = "mailto:doorstep@localhost.invalid"
    """Who runs this server, for the push services (RFC 8292): mailto: or https: address."""
    fcm_service_account_file: Path | None = None
    """Service account of Firebase; unset: Web Push only."""

    @field_validator("vapid_subject")
    @classmethod
    def _is_contact(cls, subject: str) -> str:
        if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://[^\s/]+[^\s]*", subject):
            raise ValueError("write it as mailto:name@example.org or https://example.org")
        return subject


class Ice(Group):
    stun: tuple[Annotated[str, Field(pattern=_STUN_URL)], ...] = ()
    """STUN servers, for example stun:stun.example.org:3478."""
    turn: tuple[Annotated[str, Field(pattern=_TURN_URL)], ...] = ()
    """TURN servers, for example turn:turn.example.org:3478?transport=udp."""
    turn_secret_file: Path | None = None
    """File with the shared secret of the TURN servers (coturn's static-auth-secret)."""


class Media(Group):
    ports: Annotated[str, AfterValidator(checked_ports)] | None = None
    """UDP ports of the recorder, such as 50000-50100, for a firewall; unset: any."""
    public_addresses: tuple[Annotated[str, AfterValidator(address_of)], ...] = ()
    """Addresses by which the recorder is reached behind a 1:1 NAT, beside the machine's own."""

    @property
    def network(self) -> Network:
        """The same for the media port."""
        return Network(*ports_of(self.ports or ""), public_addresses=self.public_addresses)


class Recorder(Group):
    sessions: int = Field(default=32, ge=1, le=256)
    """Recordings at the same time; one more is asked to come back later."""
    longest_s: int = Field(default=3600, ge=10)
    """A recording that is longer ends."""
    limit_bps: int = Field(default=20_000_000, ge=100_000)
    """A recording that brings more bits per second than this, for longer, ends."""


class Rates(Group):
    factor: float = Field(default=1.0, ge=0, le=1000)
    """How far the limits on requests are stretched, for tests under load; 0: no limits at all."""


class Log(Group):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """What is worth a line."""


class Settings(Group):
    """All groups."""

    http: Http = Http()
    state: State = State()
    doorbells: Doorbells = Doorbells()
    clips: Clips = Clips()
    push: Push = Push()
    ice: Ice = Ice()
    media: Media = Media()
    recorder: Recorder = Recorder()
    rates: Rates = Rates()
    log: Log = Log()

    @property
    def clips_url(self) -> str:
        """Where clips are kept, as a URL."""
        return self.clips.url or (self.state.directory.absolute() / "clips").as_uri()


def read_settings(
    config: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str],
    warn: Callable[[str], None] | None = None,
) -> Settings:
    """The settings of a start; raises SettingsError with one sentence.

    `warn` hears of settings of other versions, which then stop nothing.
    """
    named = config or _path_of(environment.get("DOORSTEP_CLOUD_CONFIG"))
    variables = dict(environment)
    if port := environment.get("PORT"):
        variables.setdefault("DOORSTEP_HTTP_PORT", port)
    return load(
        Settings,
        toml=_text_of(named) if named else "",
        toml_name=str(named),
        environment=variables,
        flags=flags,
        warn=warn,
    )


def _path_of(text: str | None) -> Path | None:
    return Path(text) if text else None


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}. Check --config.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not a text in UTF-8.") from error
