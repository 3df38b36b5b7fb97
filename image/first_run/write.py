"""Writes a card's files into a folder, or onto a mounted boot partition."""

from __future__ import annotations

import shutil
from pathlib import Path

from image.first_run import bookworm, boot_files, cloud_init
from image.first_run.errors import CardError
from image.first_run.wishes import Card

SETUP = Path(__file__).with_name("setup.sh")
# FAT keeps no owners; a name of its own keeps what is ours together.
FOLDER = "doorstep"
# Shown by phones and computers in the list of networks; the number tells two doorbells apart.
HELP_NETWORK = "doorstep-<nnn>"

_COMITUP = """\
# While no known network is there, the Pi opens this one. Whoever joins it gets a page to choose
# the right network and to type its password. <nnn> becomes a number that stays the same. Without
# a password anybody at the door could do that.
ap_name: {network}
ap_password: {password}
enable_appliance_mode: false
"""


def write(card: Card, out: Path) -> list[Path]:
    """The files that were written. CardError when the folder cannot take them.

    Onto a mounted boot partition, config.txt and cmdline.txt are changed as well.
    """
    if card.suite == "bookworm" and not (out / "cmdline.txt").is_file():
        raise CardError(
            f"{out} has no cmdline.txt: for Bookworm name the card's boot partition (bootfs)."
        )
    try:
        return _write(card, out)
    except OSError as error:
        raise CardError(f"{out} cannot be written: {error.strerror or error}.") from error


def _write(card: Card, out: Path) -> list[Path]:
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    made = _texts(card) | {f"{FOLDER}/{name}": text for name, text in _ours(card).items()}
    for name, text in made.items():
        (out / name).write_text(text, "utf-8", newline="\n")
    written = [out / name for name in made]
    copied = [Path(shutil.copyfile(p, folder / p.name)) for p in card.packages]
    return written + copied + _changed(card, out)


def _texts(card: Card) -> dict[str, str]:
    by_suite = {"trixie": cloud_init.files, "bookworm": bookworm.files}
    return by_suite[card.suite](card)


def _ours(card: Card) -> dict[str, str]:
    texts = {
        "setup.sh": SETUP.read_text("utf-8"),
        "device.toml": card.device_toml,
        "config-block.txt": "\n" + boot_files.config_block(card.sound),
    }
    if card.cloud_toml is not None:
        texts["cloud.toml"] = card.cloud_toml
    if card.downloads:
        texts["downloads.txt"] = "".join(f"{d.sha256} {d.url}\n" for d in card.downloads)
    if card.help_password is not None:
        texts["extras.txt"] = "comitup\n"
        texts["comitup.conf"] = _COMITUP.format(network=HELP_NETWORK, password=card.help_password)
    return texts


def _changed(card: Card, out: Path) -> list[Path]:
    """What the system itself keeps on a boot partition; absent in a mere folder."""
    changed = []
    if (config := out / "config.txt").is_file():
        config.write_text(boot_files.with_block(config.read_text("utf-8"), card.sound), "utf-8")
        changed.append(config)
    if card.suite == "bookworm":
        cmdline = out / "cmdline.txt"
        cmdline.write_text(boot_files.with_hook(cmdline.read_text("utf-8")), "utf-8")
        changed.append(cmdline)
    return changed
