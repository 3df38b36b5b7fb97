"""What `check` looks at, without starting anything."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from device import wiring
from device.errors import StartError
from device.services.household import Household
from device.settings import Settings

# The server answers its health address at once.
SERVER_LIMIT_S = 3.0
PI_DRIVERS = {
    "picamera2": "sudo apt install python3-picamera2",
    "lgpio": "sudo apt install python3-lgpio",
    "pyaudio": "sudo apt install python3-pyaudio",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the doorbell needs, and what was found or is to be done."""

    what: str
    works: bool
    detail: str


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything in the order in which a start would need it."""
    yield from _state(settings)
    yield from _drivers(settings)
    yield _board(settings)
    yield _server(settings)
    yield _broker(settings)


def _state(settings: Settings) -> Iterator[Finding]:
    try:
        folder = wiring.state_folder(settings)
        identity = wiring.identity_in(folder)
        household = Household(folder / wiring.PHONES_NAME)
    except StartError as error:
        yield Finding("state", False, str(error))
        return
    yield Finding("state", True, str(folder))
    yield Finding("key", True, f"this doorbell is {identity.id}")
    names = ", ".join(known.phone.name for known in household.phones)
    yield Finding("phones", True, names or "none yet; the first start prints a pairing link")


def _drivers(settings: Settings) -> Iterator[Finding]:
    if settings.doorbell.board != "pi":
        return
    for module, remedy in PI_DRIVERS.items():
        try:
            importlib.import_module(module)
        except ImportError:
            yield Finding(module, False, f"not installed. Run: {remedy}")
        else:
            yield Finding(module, True, "installed")


def _board(settings: Settings) -> Finding:
    what = f"board {settings.doorbell.board}"
    try:
        wiring.board_of(settings)
    except StartError as error:
        return Finding(what, False, str(error))
    return Finding(what, True, f"camera {settings.camera.source}")


def _server(settings: Settings) -> Finding:
    url = settings.server.url
    try:
        with urlopen(f"{url}/healthz", timeout=SERVER_LIMIT_S):  # the scheme is checked
            return Finding("server", True, url)
    except HTTPError as error:
        detail = f"{url} answers, but not as a Doorstep server ({error.code}). Check server.url."
    except (URLError, OSError):
        detail = f"{url} does not answer. Start it with `python -m cloud run`, or set server.url."
    return Finding("server", False, detail)


def _broker(settings: Settings) -> Finding:
    mqtt = settings.mqtt
    if mqtt.host is None:
        return Finding("broker", True, "not used; mqtt.host names one")
    files = (mqtt.password_file, mqtt.ca_file, mqtt.certificate_file, mqtt.key_file)
    for file in files:
        if file is not None and not file.is_file():
            return Finding("broker", False, f"{file} is not there. Check mqtt in the settings.")
    return Finding("broker", True, f"{mqtt.host}:{mqtt.port}")
