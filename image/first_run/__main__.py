"""`python -m image.first_run --out FOLDER --name … --server …`: the files of one card."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from image.first_run.errors import CardError
from image.first_run.settings_text import OWN_SERVER, cloud_toml, device_toml
from image.first_run.wifi import WiFi, wifi
from image.first_run.wishes import Card, Download, Person
from image.first_run.write import HELP_NETWORK, write

# For input that a person can put right, as everywhere in Doorstep.
EXIT_WRONG = 2
# Letters that nobody mistakes for another when they are typed from paper.
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def main(arguments: Sequence[str]) -> int:
    """Write the files; the exit code. Bad input is one sentence on stderr and code 2."""
    chosen = _parser().parse_args(arguments)
    try:
        card = _card(chosen)
        _tell(card, chosen.out, write(card, chosen.out))
    except CardError as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG
    return 0


def _tell(card: Card, out: Path, written: list[Path]) -> None:
    print(f"Written into {out}:")
    for path in written:
        print(f"  {path.relative_to(out)}")
    if not (out / "cmdline.txt").exists():
        print("Copy all of it onto the card's boot partition (bootfs), beside cmdline.txt.")
    if card.help_password is not None:
        print(f"When its Wi-Fi changes, the doorbell opens {HELP_NETWORK}: {card.help_password}")


def _card(chosen: argparse.Namespace) -> Card:
    own = chosen.server == "this-pi"
    if own and chosen.public_url is None:
        raise CardError("--server this-pi needs --public-url: the https:// address for phones.")
    server = OWN_SERVER if own else chosen.server
    return Card(
        suite=chosen.suite,
        host_name=chosen.host_name,
        device_toml=device_toml(chosen.name, server, chosen.public_url, chosen.board),
        cloud_toml=cloud_toml(chosen.public_url) if own else None,
        time_zone=chosen.time_zone,
        person=_person(chosen),
        wifi=_wifi(chosen),
        sound=chosen.sound,
        packages=tuple(chosen.package),
        downloads=_downloads(chosen),
        help_password=_fresh_password() if chosen.wifi_help else None,
    )


def _person(chosen: argparse.Namespace) -> Person | None:
    if chosen.user is None:
        return None
    if chosen.ssh_key is None:
        raise CardError("--user needs --ssh-key: the account has no password.")
    return Person(chosen.user, tuple(_text(chosen.ssh_key).splitlines()))


def _wifi(chosen: argparse.Namespace) -> WiFi | None:
    if chosen.wifi is None:
        return None
    if chosen.wifi_country is None:
        raise CardError("--wifi needs --wifi-country, as in --wifi-country DE.")
    if chosen.wifi_password_file is None:
        passphrase = getpass.getpass(f"Password of the Wi-Fi {chosen.wifi}: ")
    else:
        passphrase = _text(chosen.wifi_password_file)
    return wifi(chosen.wifi, passphrase, chosen.wifi_country, hidden=chosen.wifi_hidden)


def _fresh_password() -> str:
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(3))


def _downloads(chosen: argparse.Namespace) -> tuple[Download, ...]:
    if len(chosen.package_url) != len(chosen.package_sha256):
        raise CardError("Give one --package-sha256 for each --package-url.")
    pairs = zip(chosen.package_url, chosen.package_sha256, strict=True)
    return tuple(Download(url, digest) for url, digest in pairs)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path} cannot be read as text: check the name.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m image.first_run", description=_DESCRIPTION)
    add = parser.add_argument
    add("--out", type=Path, required=True, help="a folder, or the card's boot partition itself")
    add("--name", default="Front door", help="what the household calls this door")
    add("--server", required=True, help="https:// address of the server, or this-pi")
    add("--public-url", help="the address for phones, where it is another one")
    add("--host-name", default="doorstep", help="the Pi's name in the network")
    add("--suite", choices=("trixie", "bookworm"), default="trixie", help="of Raspberry Pi OS")
    add("--time-zone", help="as in Europe/Berlin")
    add("--user", help="set up a user as well; otherwise Imager does it")
    add("--ssh-key", type=Path, help="file of that user's public keys")
    add("--wifi", help="name of the network; its password is asked for")
    add("--wifi-password-file", type=Path, help="file that holds the password instead")
    add("--wifi-country", help="as in DE")
    add("--wifi-hidden", action="store_true", help="the network does not tell its name")
    add("--wifi-help", action="store_true", help="install comitup, for when the network changes")
    add("--sound", choices=("usb", "i2s"), default="usb", help="usb speakerphone, or I2S parts")
    add("--board", choices=("pi", "twin"), default="pi", help="twin: a doorbell without parts")
    add("--package", type=Path, action="append", default=[], help="a .deb for the card")
    add("--package-url", action="append", default=[], help="a .deb that the Pi fetches")
    add("--package-sha256", action="append", default=[], help="and its checksum")
    return parser


_DESCRIPTION = "Writes what turns a fresh Raspberry Pi OS Lite into a doorbell at its first start."

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
