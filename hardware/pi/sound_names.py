"""Finding a sound card by part of its name: its number changes whenever one is plugged in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from hardware.errors import BusyError, MissingError

Way: TypeAlias = Literal["input", "output"]

# A sentence must fit on a phone; the cards come before ALSA's many names for them.
NAMES_IN_A_SENTENCE = 6
# Half a name with a slip in it is still meant.
LIKENESS = 0.4
# Where PortAudio names a card's own device, beside those that ALSA's configuration makes up.
CARD_MARK = "(hw:"
CARDS = Path("/proc/asound/cards")
SETTINGS: Mapping[Way, str] = {"input": "sound.device", "output": "sound.output"}


class Lister(Protocol):
    """PyAudio, as far as it tells what there is."""

    def get_device_count(self) -> int: ...
    def get_device_info_by_index(self, device_index: int) -> Mapping[str, Any]: ...


def find(audio: Lister, name: str | None, way: Way) -> int | None:
    """The number that PortAudio has for a card now; None for the system's default.

    MissingError lists what there is. BusyError: the card is there, but PortAudio hides what others
    use.
    """
    if name is None:
        return None
    there = dict(_devices(audio, way))
    for index, full_name in there.items():
        if name.lower() in full_name.lower():
            return index
    names = list(there.values())
    if name.lower() in " ".join((kernel_cards(), *dict(_devices(audio)).values())).lower():
        raise BusyError(
            f"The sound card {name!r} has no free {way}: close the program that uses it, or set"
            f" {SETTINGS[way]} to another. There are: {_list(names)}."
        )
    raise MissingError(_not_there(name, way, names))


def kernel_cards() -> str:
    """The kernel's list of cards; it changes when one is plugged in, without PortAudio's help."""
    try:
        return CARDS.read_text("utf-8", "replace")
    except OSError:
        return ""


def _devices(audio: Lister, *ways: Way) -> Iterator[tuple[int, str]]:
    """The devices that can do all of these directions."""
    for index in range(audio.get_device_count()):
        device = audio.get_device_info_by_index(index)
        if all(device[f"max{way.capitalize()}Channels"] > 0 for way in ways):
            yield index, str(device["name"])


def _not_there(name: str, way: Way, names: list[str]) -> str:
    said = f"There is no sound card {name!r} for {way}."
    if not names:
        return f"{said} There are: none. Plug one in; this user has to be in the group audio."
    said += f" There are: {_list(names)}."
    if nearest := _nearest(name, names):
        return f"{said} Did you mean {nearest!r} in {SETTINGS[way]}?"
    return f"{said} Plug it in, or set {SETTINGS[way]} to part of one of these names."


def _list(names: list[str]) -> str:
    cards = sorted(names, key=lambda full_name: CARD_MARK not in full_name)
    return ", ".join(cards[:NAMES_IN_A_SENTENCE]) or "none"


def _nearest(name: str, names: list[str]) -> str | None:
    # "Jabra SPEAK 510 USB: Audio (hw:1,0)": what stands on the box comes before the colon.
    short = {
        full_name.partition(":")[0].lower(): full_name.partition(":")[0] for full_name in names
    }
    near = get_close_matches(name.lower(), short, n=1, cutoff=LIKENESS)
    return short[near[0]] if near else None
