"""The household's files, and everything that the doorbell reaches over the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from device import wiring
from device.checks.finding import Finding, missing, note, ok
from device.errors import StartError
from device.services.admin import ask
from device.services.household import Household
from device.settings import Settings

# The server answers its health address at once.
SERVER_LIMIT_S = 3.0
# Faults that cannot be seen from outside the doorbell.
KEPT = ("log", "recorder")


@dataclass(frozen=True, slots=True)
class Status:
    """What a running doorbell says of itself."""

    summary: str
    faults: Mapping[str, str]


def running(settings: Settings) -> Status | None:
    """The doorbell that runs with this state, if there is one."""
    try:
        told = ask(settings.state.directory.expanduser().absolute(), "status")
    except StartError:
        return None
    return Status(str(told["summary"]), dict(told["faults"]))


def software(running: Status | None) -> Iterator[Finding]:
    """What is installed, and whether it runs."""
    try:
        yield ok("version", version("doorstep"))
    except PackageNotFoundError:
        yield ok("version", "not installed: run from its source")
    if running is None:
        yield note("service", "the doorbell does not run now")
    else:
        yield ok("service", f"the doorbell runs: {running.summary}")
        yield from (missing(p, running.faults[p]) for p in KEPT if p in running.faults)


def household(settings: Settings) -> Iterator[Finding]:
    """Key and phones; nothing is made that is not there."""
    folder = settings.state.directory.expanduser().absolute()
    try:
        if not (folder / wiring.IDENTITY_NAME).exists():
            yield note("key", f"none yet; the first start makes one in {folder}")
            return
        identity = wiring.identity_in(folder)
        phones = Household(folder / wiring.PHONES_NAME).phones
    except StartError as error:
        yield missing("state", str(error))
        return
    except OSError as error:
        yield missing("state", f"{folder} cannot be read: {error.strerror}. Run the check as the"
                      " doorbell's user: sudo doorstep check")  # fmt: skip
        return
    yield ok("key", f"this doorbell is {identity.id}")
    names = ", ".join(known.phone.name for known in phones)
    yield (
        ok("phones", names) if names else note("phones", "none yet; `doorstep pair` invites one")
    )


def network(settings: Settings) -> Iterator[Finding]:
    """Server, broker and updates."""
    yield _server(settings)
    yield _broker(settings)
    yield _updates(settings)


def _server(settings: Settings) -> Finding:
    url = settings.server.url
    try:
        with urlopen(f"{url}/healthz", timeout=SERVER_LIMIT_S):  # the scheme is checked
            return ok("server", url)
    except HTTPError as error:
        detail = f"{url} answers, but not as a Doorstep server ({error.code}). Check server.url."
    except (URLError, OSError):
        detail = f"{url} does not answer. Start it with `python -m cloud run`, or set server.url."
    return missing("server", detail)


def _broker(settings: Settings) -> Finding:
    mqtt = settings.mqtt
    if mqtt.host is None:
        return ok("broker", "not used; mqtt.host names one")
    files = (mqtt.password_file, mqtt.ca_file, mqtt.certificate_file, mqtt.key_file)
    for file in files:
        if file is not None and not file.is_file():
            return missing("broker", f"{file} is not there. Check mqtt in the settings.")
    return ok("broker", f"{mqtt.host}:{mqtt.port}")


def _updates(settings: Settings) -> Finding:
    url = settings.updates.url
    if url is None:
        return note("updates", "looked for nowhere; updates.url names a place")
    return ok("updates", f"{url}, {'by itself' if settings.updates.automatic else 'when asked'}")
