"""What a card is to become, checked before anything is written."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from image.first_run.errors import CardError
from image.first_run.wifi import WiFi

Suite = Literal["trixie", "bookworm"]
Sound = Literal["usb", "i2s"]

# What a key of OpenSSH looks like: kind, base64, and a comment without anything odd.
SSH_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com"
    r"|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{40,}={0,3}( [\w.@:+ -]*)?"
)
# Accounts of the system itself, which a person cannot take.
TAKEN_NAMES = frozenset({"root", "daemon", "doorstep", "doorstep-lock", "doorstep-cloud", "nobody"})


@dataclass(frozen=True, slots=True)
class Person:
    """Who may log in, with keys alone: the account has no password."""

    name: str
    ssh_keys: tuple[str, ...]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", self.name) or self.name in TAKEN_NAMES:
            raise CardError("A user name has small letters and digits, as in --user anna.")
        if not self.ssh_keys:
            raise CardError("Name the file of your public key: --ssh-key ~/.ssh/id_ed25519.pub.")
        if not all(SSH_KEY.fullmatch(key) for key in self.ssh_keys):
            raise CardError(
                "That is not a public key of OpenSSH: name the file that ends in .pub,"
                " or make one with ssh-keygen."
            )


@dataclass(frozen=True, slots=True)
class Download:
    """A package that the Pi fetches itself; its checksum makes it the one that was meant."""

    url: str
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https://[A-Za-z0-9._~:/%+-]+\.deb", self.url):
            raise CardError("--package-url is an https:// address that ends in .deb.")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise CardError(
                "--package-url needs --package-sha256: the 64 digits that sha256sum prints."
            )


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that the first start has to know."""

    suite: Suite
    host_name: str
    device_toml: str
    cloud_toml: str | None = None
    """Settings of the server, when it runs on the same Pi."""
    time_zone: str | None = None
    person: Person | None = None
    """None: Raspberry Pi Imager has set up user, network and host name."""
    wifi: WiFi | None = None
    sound: Sound = "usb"
    packages: tuple[Path, ...] = ()
    downloads: tuple[Download, ...] = ()
    help_password: str | None = None
    """Install comitup: without a known network the Pi opens one of its own, with this password."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", self.host_name):
            raise CardError("A host name has small letters, digits and hyphens: --host-name door.")
        if self.time_zone and self.time_zone not in zoneinfo.available_timezones():
            raise CardError("A time zone is written as in --time-zone Europe/Berlin.")
        if self.person is None and (self.wifi or self.suite == "bookworm"):
            raise CardError(
                "--wifi and --suite bookworm need --user and --ssh-key as well;"
                " without them Raspberry Pi Imager sets up user and network (Trixie)."
            )
        for package in self.packages:
            _check_package(package)


def _check_package(path: Path) -> None:
    if not re.fullmatch(r"[A-Za-z0-9.+~_-]+\.deb", path.name) or not path.is_file():
        raise CardError(f"{path} is no package: make one with `make deb`, or fetch a release.")
    with path.open("rb") as package:
        if package.read(8) != b"!<arch>\n":
            raise CardError(f"{path} is no Debian package, or only a part of one: fetch it again.")
