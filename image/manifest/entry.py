"""An entry of Imager's `os_list`, with the limits that we hold ourselves to.

The names are those of Raspberry Pi Imager 2 (doc/json-schema in its repository). Its schema lets
more through than works: here an entry is complete, and of the few kinds that we make.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from image.manifest.errors import ManifestError
from image.manifest.facts import Facts

# How Imager may set up user and network in an image: by cloud-init as Trixie has it, by
# firstrun.sh as Bookworm has it, by cloud-init as others have it, or not at all.
InitFormat = Literal["cloudinit-rpi", "systemd", "cloudinit", "none"]
# Kinds of Pi that a 64-bit image runs on; Zero 2 W counts as 3, Compute Modules as their siblings.
Device = Literal["pi3-64bit", "pi4-64bit", "pi5-64bit"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# Imager shows images and icons from the web and from this computer.
Url = Annotated[str, Field(pattern=r"^(https|file)://[^\s]+$")]


class Entry(BaseModel):
    """One image."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: Annotated[str, Field(min_length=1, max_length=200)]
    icon: Url
    url: Url
    extract_size: Annotated[int, Field(gt=0)]
    extract_sha256: Sha256
    image_download_size: Annotated[int, Field(gt=0)]
    image_download_sha256: Sha256
    release_date: date
    devices: Annotated[tuple[Device, ...], Field(min_length=1)]
    init_format: InitFormat


class OsList(BaseModel):
    """What a manifest, and an `os_list` for `rpi-imager --repo`, consist of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    os_list: Annotated[tuple[Entry, ...], Field(min_length=1)]

    def text(self) -> str:
        """As JSON, for a file."""
        return self.model_dump_json(indent=2) + "\n"


def os_list(facts: Facts, image: Path, wishes: dict[str, object], base: str | None) -> OsList:
    """A list with this one image. ManifestError names the wish that cannot stand in it.

    `base` is the web folder where the image lies; None: on this computer.
    """
    url = image.absolute().as_uri() if base is None else f"{base.rstrip('/')}/{image.name}"
    found = {
        "url": url,
        "extract_size": facts.extract_size,
        "extract_sha256": facts.extract_sha256,
        "image_download_size": facts.download_size,
        "image_download_sha256": facts.download_sha256,
    }
    try:
        return OsList(os_list=(Entry.model_validate(wishes | found),))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ManifestError(f"{field} cannot be so: {first['msg']}.") from error
