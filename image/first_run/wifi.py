"""A wireless network for the first start; its password never stands on the card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import pbkdf2_hmac

from image.first_run.errors import CardError

# IEEE 802.11, 9.4.2.2: octets of a network's name.
NAME_LIMIT_BYTES = 32
# IEEE 802.11, J.4: how a passphrase becomes the key of its network.
KEY_ROUNDS = 4096
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class WiFi:
    """A network and its derived key, 64 hexadecimal digits; it opens this network only."""

    name: str
    key: str
    country: str
    hidden: bool = False


def wifi(name: str, passphrase: str, country: str, *, hidden: bool = False) -> WiFi:
    """A network with its key derived. CardError when one of the three cannot be right."""
    if not 1 <= len(name.encode()) <= NAME_LIMIT_BYTES or not name.isprintable():
        raise CardError("A Wi-Fi name has 1 to 32 bytes and no control characters: check --wifi.")
    if not re.fullmatch(r"[ -~]{8,63}", passphrase):
        raise CardError(
            "A Wi-Fi password has 8 to 63 characters, none of them accented: check it."
            " A network for WPA3 alone or with user names is chosen in Imager instead."
        )
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise CardError("The country is two capital letters, as in --wifi-country DE.")
    return WiFi(name, derived_key(name, passphrase), country, hidden)


def derived_key(name: str, passphrase: str) -> str:
    """The network's key by PBKDF2 (IEEE 802.11, J.4), as hexadecimal digits."""
    key = pbkdf2_hmac("sha1", passphrase.encode(), name.encode(), KEY_ROUNDS, KEY_BYTES)
    return key.hex()
