"""What the doorbell can be told: frozen groups, a doc under each field, loaded once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from device.former_settings import FORMER
from hardware import pin_rules
from hardware.options import Wired
from media.addresses import Network, address_of, checked_ports, ports_of
from protocol.base import Name
from protocol.settings import Group, SettingsError, load

_DEFAULT_STATE = Path(".doorstep/device")


def _origin(url: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+/?", url):
        raise ValueError("write it as https://name, without a path")
    return url.rstrip("/")


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("write it as 22:00")
    return text


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _shares(zone: str) -> tuple[float, float, float, float]:
    x, y, width, height = (float(number) / 100 for number in zone.split())
    return x, y, width, height


def _zone(text: str) -> str:
    if not re.fullmatch(r"\s*(\d+(\.\d+)?\s+){3}\d+(\.\d+)?\s*", text):
        raise ValueError('write a zone as "x y width height" in percent, like "0 40 100 60"')
    x, y, width, height = _shares(text)
    if x + width > 1 or y + height > 1 or not (width and height):
        raise ValueError("a zone lies inside the picture: x + width and y + height up to 100")
    return text


def _folder_url(url: str) -> str:
    if not re.fullmatch(r"https://[^?#\s]+", url):
        raise ValueError("write it as https://name/folder; updates come over HTTPS only")
    return url.rstrip("/")


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class DoorbellSettings(Group):
    name: Name = "Front door"
    """What the household calls this door."""
    board: Literal["twin", "pi"] = "twin"
    """twin: a simulated board that can be driven; pi: the Raspberry Pi's own parts."""
    language: Literal["en", "de"] = "en"
    """Of what the door says to visitors."""


class ServerSettings(Group):
    url: Annotated[str, AfterValidator(_origin)] = "http://localhost:8080"
    """Where the server is; phones open the same address unless public_url says otherwise."""
    public_url: Annotated[str, AfterValidator(_origin)] | None = None
    """Address for pairing links, when phones reach the server by another name."""

    @property
    def pairing_url(self) -> str:
        """The address that stands in a pairing link."""
        return self.public_url or self.url


class CameraSettings(Group):
    source: str = "porch"
    """Of the twin: porch, loop, the path of a video file, or /dev/video0."""
    width: int = Field(default=1280, ge=160, le=1920, multiple_of=2)
    """Picture width in pixels."""
    height: int = Field(default=720, ge=120, le=1080, multiple_of=2)
    """Picture height in pixels."""
    fps: int = Field(default=30, ge=5, le=60)
    """Pictures per second."""
    bitrate_bps: int = Field(default=2_000_000, ge=200_000, le=10_000_000)
    """Aim of the encoder, in bits per second; recordings have this rate."""
    bitrate_floor_bps: int | None = Field(default=None, ge=150_000)
    """How far a call on a bad network may lower that, recordings included; unset: not at all."""
    low_bitrate_bps: int = Field(default=350_000, ge=150_000, le=2_000_000)
    """Of the small picture that phones on bad networks get: 360 pixels high or less."""
    low_bitrate_floor_bps: int = Field(default=150_000, ge=150_000)
    """How far that may be lowered when all who watch it have worse networks still."""
    close_bitrate_bps: int = Field(default=500_000, ge=150_000, le=2_000_000)
    """Of the close-up that a phone gets which zooms in; as large as the small picture."""
    close_bitrate_floor_bps: int = Field(default=150_000, ge=150_000)
    """How far that may be lowered."""
    number: int = Field(default=0, ge=0, le=3)
    """Which of several cameras (pi), as `rpicam-hello --list-cameras` counts."""
    rotation: Literal[0, 180] = 0
    """180: the camera hangs upside down (pi)."""
    focus: Literal["auto", "fixed"] = "fixed"
    """Of a camera that can focus: fixed does not hunt at night (pi)."""
    focus_distance_m: float = Field(default=1.2, ge=0.1, le=100)
    """Where a fixed focus is sharpest: where visitors stand, in metres (pi)."""
    exposure: Literal["balanced", "faces", "street"] = "faces"
    """faces: the visitor is well lit in front of a bright street; street: the street is (pi)."""
    night: Literal["auto", "off"] = "auto"
    """auto: longer exposures in the dark, and the infra-red light if one is wired (pi)."""
    dusk_lux: float = Field(default=5.0, ge=0, le=1000)
    """At what light, in lux, night begins (pi)."""
    time_code: bool = True
    """The twin draws the capture time into the top of its pictures, for machines to read."""

    @model_validator(mode="after")
    def _floors_are_below(self) -> Self:
        for name in ("bitrate", "low_bitrate", "close_bitrate"):
            floor, most = getattr(self, f"{name}_floor_bps"), getattr(self, f"{name}_bps")
            if floor is not None and floor > most:
                raise ValueError(f"set {name}_floor_bps to {most} or less, as {name}_bps is")
        return self


class SoundSettings(Group):
    source: str = "visitor"
    """Of the twin's microphone: visitor, silence, or the path of a sound file."""
    device: str | None = None
    """Part of the sound card's name (pi); unset: the system's default."""
    output: str | None = None
    """Part of the speaker's name, where it is another card than the microphone's (pi)."""
    echo: Literal["webrtc", "duck", "off"] = "webrtc"
    """webrtc: both can talk at once; duck: the microphone is quiet while the speaker sounds."""


class MediaSettings(Group):
    ports: Annotated[str, AfterValidator(checked_ports)] | None = None
    """UDP ports of calls, such as 50000-50031, for a firewall or a router; unset: any."""
    public_addresses: tuple[Annotated[str, AfterValidator(address_of)], ...] = ()
    """Addresses whose ports a router forwards to the doorbell, beside its own."""

    @property
    def network(self) -> Network:
        """The same for the media port."""
        return Network(*ports_of(self.ports or ""), public_addresses=self.public_addresses)


class MotionSettings(Group):
    source: Literal["sensor", "picture", "both"] = "sensor"
    """sensor: a PIR on its pin; picture: what changes in the camera's picture."""
    sensitivity: int = Field(default=5, ge=1, le=10)
    """Of motion in the picture: 1 sees a person nearby, 10 also a cat."""
    zones: tuple[Annotated[str, AfterValidator(_zone)], ...] = ()
    """Where the picture is looked at, each as "x y width height" in percent; unset: everywhere."""

    @property
    def zone_shares(self) -> tuple[tuple[float, float, float, float], ...]:
        """The zones in shares of the picture, 0 to 1."""
        return tuple(_shares(zone) for zone in self.zones)


class ButtonSettings(Group):
    long_press_s: float = Field(default=5.0, ge=1, le=30)
    """A press that is held so long is told to automations as a long one."""


class PinSettings(Group):
    button: int = 17
    """GPIO number, as Broadcom counts, of the button; it closes to ground."""
    motion: int = 27
    """Of the motion sensor's output."""
    lock: int = 22
    """Of the relay of the electric strike: 9 to 27, or 4 to 8 if it is inverted."""
    light: int = 23
    """Of the relay of the porch light."""
    chime: int = 24
    """Of the relay of the chime."""
    indicator: int = 12
    """Of the small light at the button; it is dimmed by software, so any pin will do."""
    infrared: int | None = None
    """Of the relay of an infra-red light; unset: there is none."""
    inverted: tuple[Wired, ...] = ()
    """Parts that work the other way round, such as relays that close when their pin is low."""

    @model_validator(mode="after")
    def _fit_the_header(self) -> Self:
        if fault := pin_rules.fault_of(self.numbers, self.inverted):
            raise ValueError(fault)
        return self

    @property
    def numbers(self) -> dict[str, int]:
        """The pin of every part that has one."""
        every = self.model_dump(exclude={"inverted"})
        return {part: pin for part, pin in every.items() if pin is not None}


class VisitSettings(Group):
    pre_roll_s: float = Field(default=10.0, ge=0, le=30)
    """Seconds before the first sign of someone that a clip shows."""
    post_roll_s: float = Field(default=8.0, ge=1, le=120)
    """Seconds that a clip goes on after the last sign."""
    ring_timeout_s: float = Field(default=40.0, ge=1, le=180)
    """How long a ring waits for an answer until it counts as missed."""
    motion_cooldown_s: float = Field(default=20.0, ge=0, le=3600)
    """After a visit, motion alone opens no new one for this long."""
    longest_s: float = Field(default=600.0, ge=30, le=3600)
    """A visit that is longer is closed, so that a stuck sensor does not record for ever."""
    unanswered_reply: Literal["coming", "leave_it", "not_now"] | None = None
    """What the door says when nobody answered; unset: nothing."""


class QuietHoursSettings(Group):
    start: TimeOfDay | None = None
    """From this local time, such as 22:00, rings make no sound indoors; unset: never."""
    end: TimeOfDay | None = None
    """Until this local time, such as 07:00."""

    @model_validator(mode="after")
    def _are_both_or_none(self) -> Self:
        if (self.start is None) is not (self.end is None):
            raise ValueError("set both start and end, or none")
        return self

    @property
    def minutes(self) -> tuple[int, int] | None:
        """Start and end in minutes since midnight."""
        if self.start is None or self.end is None:
            return None
        return _minutes(self.start), _minutes(self.end)


class LockSettings(Group):
    pulse_s: float = Field(default=4.0, gt=0, le=15)
    """How long the door stays unlocked, in seconds; 15 at most."""
    keeper: Path | None = None
    """Socket of the process that owns the lock's relay; unset: /run/doorstep-lock/socket on the
    Pi, and none on the twin, whose relay is in its world."""


class MqttSettings(Group):
    host: str | None = None
    """The broker's name or address; unset: no broker."""
    port: int = Field(default=1883, ge=1, le=65535)
    """The broker's port; 8883 is usual with TLS."""
    username: str | None = None
    """Of the doorbell at the broker."""
    password_file: Path | None = None
    """File that holds the password; its first line counts."""
    ca_file: Path | None = None
    """Certificates to trust, in PEM, and no others; setting it turns TLS on."""
    certificate_file: Path | None = None
    """Certificate of the doorbell, for a broker that asks for one; needs ca_file."""
    key_file: Path | None = None
    """Key of that certificate; unset: it is in the same file."""
    discovery_prefix: str = Field(default="homeassistant", pattern=r"^[^#+\s/]+(/[^#+\s/]+)*$")
    """Where Home Assistant looks for new devices."""

    @model_validator(mode="after")
    def _speaks_tls(self) -> Self:
        if self.certificate_file is not None and self.ca_file is None:
            raise ValueError("certificate_file needs TLS: set ca_file as well")
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file belongs to a certificate: set certificate_file as well")
        return self


class StateSettings(Group):
    directory: Path = _DEFAULT_STATE
    """Folder for the doorbell's key and its list of phones."""
    reset_folder: Path = Path("/boot/firmware")
    """A file named doorstep-reset here takes all phones out at the next start."""


class ClockSettings(Group):
    trusted: Literal["when_synchronized", "always"] = "when_synchronized"
    """Until a time server has told the time, rights that end or have hours do not hold."""


class UpdateSettings(Group):
    url: Annotated[str, AfterValidator(_folder_url)] | None = None
    """Where signed updates are looked for, such as https://example.org/doorstep; unset: nowhere."""
    automatic: bool = False
    """Install by itself, at night and never during a visit; otherwise a phone has to agree."""
    mailbox: Path = Path("/var/lib/doorstep/updates")
    """Folder in which the doorbell leaves updates and wishes for the process that installs them."""
    slots: Path = Path("/var/lib/doorstep-update")
    """Folder of that process; how it stands is read there."""
    keys: Path = Path("/usr/share/doorstep/update-keys")
    """Folder of the public keys (*.pem) whose signature counts; empty: nothing is installed."""


class LogSettings(Group):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """What is worth a line."""


class Settings(Group):
    """All groups."""

    doorbell: DoorbellSettings = DoorbellSettings()
    server: ServerSettings = ServerSettings()
    camera: CameraSettings = CameraSettings()
    sound: SoundSettings = SoundSettings()
    media: MediaSettings = MediaSettings()
    motion: MotionSettings = MotionSettings()
    button: ButtonSettings = ButtonSettings()
    pins: PinSettings = PinSettings()
    visits: VisitSettings = VisitSettings()
    quiet_hours: QuietHoursSettings = QuietHoursSettings()
    lock: LockSettings = LockSettings()
    mqtt: MqttSettings = MqttSettings()
    state: StateSettings = StateSettings()
    clock: ClockSettings = ClockSettings()
    updates: UpdateSettings = UpdateSettings()
    log: LogSettings = LogSettings()


def read_settings(
    config: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str],
    warn: Callable[[str], None] | None = None,
) -> Settings:
    """The settings of a start; raises SettingsError with one sentence.

    `warn` hears of settings of other versions, which then stop nothing.

    DOORSTEP_DEVICE_CONFIG names the file, DOORSTEP_STATE the state folder, unless a flag does.
    """
    named = config or _path_of(environment.get("DOORSTEP_DEVICE_CONFIG"))
    variables = dict(environment)
    if state := environment.get("DOORSTEP_STATE"):
        variables.setdefault("DOORSTEP_STATE_DIRECTORY", state)
    settings = load(
        Settings,
        toml=_text_of(named) if named else "",
        toml_name=str(named),
        environment=variables,
        flags=flags,
        former=FORMER,
        warn=warn,
    )
    _leave_room_for_sound(settings)
    return settings


def _leave_room_for_sound(settings: Settings) -> None:
    for card in (settings.sound.device, settings.sound.output):
        if fault := pin_rules.i2s_fault(settings.pins.numbers, card):
            raise SettingsError(f"pins: {fault}.")


def _path_of(text: str | None) -> Path | None:
    return Path(text) if text else None


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}. Check --config.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not a text in UTF-8.") from error
