"""Updates of the doorbell's software: what a bundle says of itself, wishes, and how it stands.

A bundle is one file: BUNDLE_MAGIC, the manifest as a signed statement (UPDATE_TYP) on one line,
then the packed tree. Next to it lies the same line alone, so that a doorbell learns what there is
by reading 8 kB. The doorbell leaves a Wish for the process that installs, which answers with a
Progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from pydantic import ConfigDict, Field, StringConstraints, model_validator

from protocol.base import Message, Sentence
from protocol.calls import Sha256
from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.jws import signer_of, unseal
from protocol.pairing import encode

UPDATE_TYP = "doorstep-update+jws"
BUNDLE_MAGIC = b"DOORSTEP-BUNDLE-1\n"
# What a package may have installed is 120 MB; a bundle has the same and is packed.
PACKED_LIMIT_BYTES = 128 * 1024 * 1024
UNPACKED_LIMIT_BYTES = 384 * 1024 * 1024
FILES_LIMIT = 30_000
# The signed line holds them, and is itself 8 kB at most.
NOTES_LIMIT = 2000

# Numbers and dots: what cannot be ordered in two ways.
VERSION_PATTERN = r"(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){1,3}"
Version = Annotated[str, StringConstraints(pattern=f"^{VERSION_PATTERN}$")]
Suite = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,20}$")]
Architecture = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,12}$")]
PythonVersion = Annotated[str, StringConstraints(pattern=r"^3\.\d{1,2}$")]
WishId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,40}$")]
_NAME_PATTERN = rf"^doorstep_{VERSION_PATTERN}_[a-z]{{2,20}}_[a-z0-9]{{2,12}}\.bundle$"
BundleName = Annotated[str, StringConstraints(pattern=_NAME_PATTERN)]

_ARCHITECTURES = {
    ("x86_64", 8): "amd64",
    ("aarch64", 8): "arm64",
    ("aarch64", 4): "armhf",
    ("armv7l", 4): "armhf",
}

# From the first to the last: nothing to do, a new version is unpacked, it waits for a quiet
# moment, it runs on trial, or the doorbell goes back to what it ran before.
InstallStep = Literal["idle", "unpacking", "ready", "trying", "returning"]
OfferStep = Literal["none", "offered", "downloading", "waiting", "installing"]
# Why there is no update, in a word; the sentence beside it tells more.
UpdateTrouble = Literal[
    "off", "keys", "network", "signature", "broken", "wrong_system", "too_old", "space",
    "read_only", "unhealthy", "no_former", "fault",
]  # fmt: skip


class Manifest(Message):
    """What a bundle is for and holds. Versions below `floor` are refused once this one ran.

    `size` and `sha256` are of the packed tree, `unpacked` is in bytes.
    """

    # Later releases may say more; the signature covers it, and who does not know it goes without.
    model_config = ConfigDict(extra="ignore")

    version: Version
    suite: Suite
    architecture: Architecture
    python: PythonVersion
    size: int = Field(ge=1, le=PACKED_LIMIT_BYTES)
    sha256: Sha256
    unpacked: int = Field(ge=1, le=UNPACKED_LIMIT_BYTES)
    files: int = Field(ge=1, le=FILES_LIMIT)
    floor: Version
    notes: str = Field(default="", max_length=NOTES_LIMIT)

    @model_validator(mode="after")
    def _is_not_below_its_floor(self) -> Self:
        if order(self.version) < order(self.floor):
            raise ValueError("the version is below its own floor")
        return self

    @property
    def file_name(self) -> str:
        return f"doorstep_{self.version}_{self.suite}_{self.architecture}.bundle"


class Wish(Message):
    """What the doorbell asks of the installing process; each `id` is heeded once."""

    id: WishId
    do: Literal["install", "rollback"]
    bundle: BundleName | None = None


class Progress(Message):
    """What the installing process tells. `wish` is the last one that it is done with.

    `version` is in force, empty if it is the package's. `detail` is what went wrong last, with
    the remedy; `failed` the version that it went wrong with.
    """

    model_config = ConfigDict(extra="ignore")

    step: InstallStep = "idle"
    version: str = Field(default="", max_length=40)
    former: str = Field(default="", max_length=40)
    floor: str = Field(default="0.0", max_length=40)
    target: str = Field(default="", max_length=40)
    wish: str = Field(default="", max_length=40)
    failed: str = Field(default="", max_length=40)
    trouble: UpdateTrouble | None = None
    detail: Sentence = ""
    rolled_back: bool = False


class SoftwareView(Message):
    """The doorbell's software as an admin sees it: the reply to all about updates.

    `enabled` is false when nothing says where updates come from, or no key to trust is installed.
    `trouble` and `detail` are why, or what went wrong last. `percent` is of the download.
    """

    type: Literal["software"] = "software"
    id: int = Field(ge=0, le=2**31)
    enabled: bool
    installed: str = Field(max_length=40)
    latest: str = Field(default="", max_length=40)
    notes: str = Field(default="", max_length=NOTES_LIMIT)
    step: OfferStep = "none"
    percent: int | None = Field(default=None, ge=0, le=100)
    automatic: bool = False
    rolled_back: bool = False
    failed: str = Field(default="", max_length=40)
    trouble: UpdateTrouble | None = None
    detail: Sentence = ""


@dataclass(frozen=True, slots=True)
class System:
    """What a bundle has to fit: Debian's words, Python's two numbers, the package's version."""

    suite: str
    architecture: str
    python: str
    package: str

    def refusal_of(self, manifest: Manifest) -> str:
        """Why a bundle does not run here, with the remedy; empty when it does."""
        made_for = f"{manifest.suite} on {manifest.architecture} with Python {manifest.python}"
        here = f"{self.suite} on {self.architecture} with Python {self.python}"
        if made_for == here:
            return ""
        return (
            f"This update is for {made_for}, and this doorbell is {here}."
            f" Get the one that is named {self.suite} and {self.architecture}."
        )


def suite_in(os_release: str) -> str:
    """VERSION_CODENAME of os-release(5); empty where there is none."""
    lines = (line.partition("=") for line in os_release.splitlines())
    values = {name: value.strip("\"'") for name, _, value in lines}
    return values.get("VERSION_CODENAME", "")


def architecture_of(machine: str, pointer_bytes: int) -> str:
    """Debian's name. A 64-bit kernel often runs the 32-bit programs of Raspberry Pi OS."""
    return _ARCHITECTURES.get((machine, pointer_bytes), machine)


def order(version: str) -> tuple[int, ...]:
    """Versions sort by it; 1.0 and 1.0.0 are the same."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def manifest_name(suite: str, architecture: str) -> str:
    """The file beside the bundles that holds the signed manifest of the newest one."""
    return f"{suite}-{architecture}.manifest"


def key_of_pem(pem: bytes) -> PublicKey:
    """A key that may sign updates; RemoteProtocolError when it is not P-256."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RemoteProtocolError("The key cannot be read.") from error
    spki = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey.parse(encode(spki))


def read_manifest(signed: str, keys: tuple[PublicKey, ...]) -> Manifest:
    """The manifest, if one of `keys` signed it. RemoteProtocolError says why not."""
    signer = signer_of(signed, UPDATE_TYP)
    key = next((key for key in keys if key.id == signer), None)
    if key is None:
        raise RemoteProtocolError("No key that this doorbell trusts has signed the update.")
    return unseal(signed, UPDATE_TYP, key, Manifest)
