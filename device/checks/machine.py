"""The machine: which one it is, its system, power, heat, card and clock."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from device.checks.finding import Finding, missing, note, ok
from device.services.clock_trust import kernel_is_synchronized
from device.services.storage import trouble
from device.settings import Settings
from hardware.pi.model import this_model
from hardware.pi.power import temperature_c, throttling

# From here on a Pi makes itself slower (Raspberry Pi documentation, "Frequency management").
HOT_C = 80.0
GIGABYTE = 1e9


def findings(settings: Settings) -> Iterator[Finding]:
    """What the doorbell runs on."""
    yield _model(settings)
    yield ok("system", _system())
    yield from _power()
    yield from _heat()
    yield _card(settings.state.directory.expanduser().absolute())
    yield _clock(settings)


def _model(settings: Settings) -> Finding:
    model = this_model()
    if settings.doorbell.board != "pi":
        return ok("model", f"{model.summary}; the board is simulated")
    if model.family == "unknown":
        return note("model", f"{model.summary}. Parts need a Raspberry Pi Zero 2 W, 3, 4 or 5.")
    if not model.fast_enough:
        return missing("model", f"{model.name} is too slow for calls. Use a Zero 2 W, 3, 4 or 5.")
    return ok("model", model.summary)


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "an unknown system")
    except OSError:
        name = "an unknown system"
    return f"{name}, Python {platform.python_version()}, {platform.machine()}"


def _power() -> Iterator[Finding]:
    state = throttling()
    if state is None:
        return
    if state.undervoltage:
        yield missing("power", f"too weak now. {state.remedy}")
    elif state.was_undervoltage:
        yield note("power", f"was too weak since the start. {state.remedy}")
    else:
        yield ok("power", "no undervoltage since the start")


def _heat() -> Iterator[Finding]:
    celsius = temperature_c()
    if celsius is None:
        return
    if celsius >= HOT_C:
        yield note("heat", f"{celsius:.0f} °C: the Pi slows down. Give it air, or a heat sink.")
    else:
        yield ok("heat", f"{celsius:.0f} °C")


def _card(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if (wrong := trouble(there)) is not None:
        return missing("card", wrong)
    state = os.statvfs(there)
    free = state.f_bavail * state.f_frsize / GIGABYTE
    return ok("card", f"{folder} can be written to, {free:.1f} GB are free")


def _clock(settings: Settings) -> Finding:
    if settings.clock.trusted == "always":
        return ok("clock", "believed as it is, by clock.trusted")
    if kernel_is_synchronized():
        return ok("clock", "told by a time server")
    return note(
        "clock",
        "no time server has told the time yet, so rights that end or have hours do not hold."
        " `timedatectl` tells more.",
    )
