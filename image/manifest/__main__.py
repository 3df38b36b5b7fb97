"""`python -m image.manifest IMAGE --out NAME.rpi-imager-manifest [--base-url URL]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from image.manifest.entry import Device, InitFormat, os_list
from image.manifest.errors import ManifestError
from image.manifest.facts import facts_of

# For input that a person can put right, as everywhere in Doorstep.
EXIT_WRONG = 2
ICON = Path(__file__).parents[2] / "mobile-web/public/icons/icon-192.png"


def main(arguments: Sequence[str]) -> int:
    """Write the file; the exit code. Bad input is one sentence on stderr and code 2."""
    chosen = _parser().parse_args(arguments)
    try:
        listed = os_list(facts_of(chosen.image), chosen.image, _wishes(chosen), chosen.base_url)
        chosen.out.write_text(listed.text(), "utf-8")
    except ManifestError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{chosen.out} cannot be written: {error.strerror or error}.")
    print(f"{chosen.out}: open it with Raspberry Pi Imager 2, or rpi-imager --repo {chosen.out}")
    return 0


def _wishes(chosen: argparse.Namespace) -> dict[str, object]:
    return {
        "name": chosen.name,
        "description": chosen.description,
        "icon": chosen.icon or ICON.as_uri(),
        "release_date": chosen.release_date or datetime.now(UTC).date().isoformat(),
        "devices": tuple(chosen.device or get_args(Device)),
        "init_format": chosen.init_format,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m image.manifest", description=_DESCRIPTION)
    add = parser.add_argument
    add("image", type=Path, help=".img, .img.xz, .img.gz or .img.bz2")
    add("--out", type=Path, required=True, help="a name that ends in .rpi-imager-manifest")
    add("--base-url", help="web folder of the image; otherwise it lies on this computer")
    add("--name", default="Doorstep", help="in Imager's list")
    add("--description", default="The open video doorbell", help="under its name")
    add("--icon", help="https:// address of a picture; otherwise the app's own icon here")
    add("--release-date", help="as in 2026-11-23; otherwise today")
    add("--device", action="append", choices=get_args(Device), help="otherwise all of them")
    add("--init-format", choices=get_args(InitFormat), default="cloudinit-rpi",
        help="cloudinit-rpi: like Trixie; systemd: like Bookworm")  # fmt: skip
    return parser


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return EXIT_WRONG


_DESCRIPTION = "Writes a manifest with which Raspberry Pi Imager can set up user and network."

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
