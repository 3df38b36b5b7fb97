"""What a fresh doorbell shows on its screen until the first phone is paired.

Whoever stands before it may pair, and only then: a code is shown while no phone is paired at all,
and never goes into a log.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ifaddr

from device.errors import StartError

# A code lives for ten minutes; the next one comes before that.
FRESH_CODE_S = 540.0
# Soon enough for whoever has just paired and looks up at the screen.
LOOK_AGAIN_S = 5.0

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Screen:
    """The doorbell and the outside, as far as this needs them."""

    ask: Callable[[str], Told]
    """Of the running doorbell: "status" or "pair". StartError while none runs."""
    show: Callable[[str], None]
    show_code: Callable[[str], None]
    """A pairing link, as text and as QR code."""
    sleep: Callable[[float], None] = time.sleep


def welcome(screen: Screen) -> None:
    """Show the doorbell and codes for it, until a phone is paired."""
    told = _status(screen)
    screen.show("\n".join(introduction(told, own_addresses())))
    while not told["phones"]:
        # It may start again just now; the next round then shows a code.
        with contextlib.suppress(StartError):
            screen.show_code(str(screen.ask("pair")["link"]))
        told = _until_paired(screen)
    screen.show("A phone is paired. It can make codes for the others.")


def introduction(told: Told, addresses: list[str]) -> Iterator[str]:
    """The doorbell in a few lines: its name, where it is, and what it lacks."""
    yield ""
    yield f"{told['name']}: {told['summary']}"
    yield f"  this Pi  {socket.gethostname()}, {', '.join(addresses) or 'no network yet'}"
    yield f"  server   {'linked' if told['linked'] else 'not reached yet; trying again'}"
    for part, detail in told["faults"].items():
        yield f"  {part}: {detail}"


def own_addresses() -> list[str]:
    """Addresses by which others in the network reach this computer."""
    every = [ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return sorted({ip.ip for ip in every if isinstance(ip.ip, str) and not _is_own(ip.ip)})


def _is_own(address: str) -> bool:
    return address.startswith(("127.", "169.254."))


def _status(screen: Screen) -> Told:
    """Wait for the doorbell, which may start for as long as it likes."""
    while True:
        try:
            return screen.ask("status")
        except StartError:
            screen.sleep(LOOK_AGAIN_S)


def _until_paired(screen: Screen) -> Told:
    """The doorbell's status when a phone is paired, or when it is time for another code."""
    left_s = FRESH_CODE_S
    while True:
        screen.sleep(LOOK_AGAIN_S)
        told = _status(screen)
        left_s -= LOOK_AGAIN_S
        if told["phones"] or left_s <= 0:
            return told
