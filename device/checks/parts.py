"""The board's parts: what was found, and how they are wired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from device import wiring
from device.checks.finding import Finding, missing, note, ok
from device.checks.services import Status
from device.errors import StartError
from device.settings import Settings
from hardware.errors import HardwareError
from hardware.header import PIN_OF_GPIO, ground_near
from hardware.keeper.client import DEFAULT_SOCKET
from hardware.pi import probe
from hardware.pi.model import this_model

_LGPIO = "The GPIO driver is not installed. Run: sudo apt install python3-lgpio"
_PYAUDIO = "The sound driver is not installed. Run: sudo apt install python3-pyaudio"
# Those that share a driver stand together.
PARTS = ("camera", "microphone", "speaker", "lock", "button", "motion", "light", "chime",
         "indicator")  # fmt: skip


def of_twin(settings: Settings) -> Iterator[Finding]:
    """Nothing but files can be missing."""
    try:
        wiring.board_of(settings)
    except StartError as error:
        yield missing("twin", str(error))
    else:
        yield ok("twin", f"camera {settings.camera.source}, sound {settings.sound.source}")


def of_pi(settings: Settings, running: bool) -> Iterator[Finding]:
    """What is there, whether or not the doorbell has it now."""
    return chain(_camera(settings), _header(), _lock(settings, running), _sound(settings))


def with_faults(found: Iterable[Finding], running: Status | None) -> Iterator[Finding]:
    """What a running doorbell says of its parts is truer than what is seen from here."""
    faults = {} if running is None else running.faults
    told = {part: faults[part] for part in PARTS if part in faults}
    yield from (finding for finding in found if finding.what not in told)
    said: set[str] = set()
    for part, sentence in told.items():
        yield missing(part, "the same" if sentence in said else sentence)
        said.add(sentence)


def wiring_of(settings: Settings) -> Iterator[Finding]:
    """Each part's GPIO number and where that is on the header."""
    for part, gpio in settings.pins.numbers.items():
        pin = PIN_OF_GPIO[gpio]
        turned = ", inverted" if part in settings.pins.inverted else ""
        where = f"GPIO {gpio:<4}pin {pin:<4}ground: pin {ground_near(pin)}"
        yield Finding("", part, where + turned)


def _camera(settings: Settings) -> Iterator[Finding]:
    try:
        cameras = probe.cameras()
    except HardwareError as error:
        yield missing("camera", str(error))
        return
    number = settings.camera.number
    for camera in cameras:
        name = f"{camera.sensor}, as number {camera.number}"
        yield (
            ok("camera", name) if camera.number == number else note("camera", f"{name}, not used")
        )
    if not cameras:
        yield missing(
            "camera",
            "None was found. Switch the Pi off and check the camera's cable at both ends.",
        )
    elif number not in {camera.number for camera in cameras}:
        yield missing("camera", f"There is no number {number}. Set camera.number.")
    encoder = this_model().encoder
    yield ok("encoder", f"in hardware, {encoder}" if encoder else "by the processor, libx264")


def _header() -> Iterator[Finding]:
    if not probe.has_lgpio():
        yield missing("gpio", _LGPIO)
        return
    try:
        yield ok("gpio", str(probe.gpio_chip()))
    except HardwareError as error:
        yield missing("gpio", str(error))


def _lock(settings: Settings, running: bool) -> Iterator[Finding]:
    if running:
        # The keeper serves one at a time, and that is the doorbell.
        yield ok("lock", "kept for the doorbell that runs")
        return
    socket = settings.lock.keeper or DEFAULT_SOCKET
    try:
        probe.find_keeper(socket)
    except HardwareError as error:
        yield missing("lock", str(error))
    else:
        yield ok("lock", f"its process listens at {socket}")


def _sound(settings: Settings) -> Iterator[Finding]:
    if not probe.has_pyaudio():
        yield missing("sound", _PYAUDIO)
        return
    cards = probe.sound_cards()
    if not cards:
        yield missing("sound", "There is no sound card. Plug one in; see docs/sound.md.")
        return
    sound = settings.sound
    for what, name, key in (
        ("microphone", sound.device, "sound.device"),
        ("speaker", sound.output or sound.device, "sound.output"),
    ):
        yield _chosen(what, name, key, cards)
    yield note("cards", "; ".join(cards))


def _chosen(what: str, name: str | None, key: str, cards: tuple[str, ...]) -> Finding:
    if name is None:
        return ok(what, "the system's default card")
    for card in cards:
        if name.lower() in card.lower():
            return ok(what, card)
    return note(what, f"No card's name has {name!r} in it. Plug it in, or set {key}.")
