"""The settings files of a card, read back by the programs that will read them."""

from __future__ import annotations

import json

from cloud.shared.settings import Settings as CloudSettings
from device.settings import Settings
from image.first_run.errors import CardError
from protocol.settings import SettingsError, load

# Where doorbell and server meet when both run on one Pi.
OWN_SERVER = "http://localhost:8080"

_DEVICE = """\
# Written for this card. What else can be set: /usr/share/doc/doorstep/settings.md
[doorbell]
name = {name}
board = {board}

[server]
url = {url}
"""
_CLOUD = """\
# Written for this card. What else can be set: /usr/share/doc/doorstep/settings.md
[http]
public_url = {public_url}
# The program that speaks HTTPS with the phones runs on this Pi as well.
trusted_proxies = ["127.0.0.1", "::1"]
"""


def device_toml(name: str, server: str, public_url: str | None = None, board: str = "pi") -> str:
    """Settings of the doorbell. CardError with its own words when it would refuse them."""
    text = _DEVICE.format(name=_quoted(name), board=_quoted(board), url=_quoted(server))
    if public_url is not None:
        text += f"public_url = {_quoted(public_url)}\n"
    try:
        load(Settings, toml=text, toml_name="device.toml", environment={}, flags={})
    except SettingsError as error:
        raise CardError(str(error)) from error
    return text


def cloud_toml(public_url: str) -> str:
    """Settings of a server on the same Pi, behind what speaks HTTPS there. CardError."""
    text = _CLOUD.format(public_url=_quoted(public_url))
    try:
        load(CloudSettings, toml=text, toml_name="cloud.toml", environment={}, flags={})
    except SettingsError as error:
        raise CardError(str(error)) from error
    return text


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are a subset of its own."""
    return json.dumps(text, ensure_ascii=False)
