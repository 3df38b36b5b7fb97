"""Settings of other versions: what an older one called something, and what nobody here knows.

A doorbell that was updated, or went back to an older version, has to ring with the file it has.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# What spells a known name this nearly was meant to be that name; the rest is of another version.
MISSPELT_RATIO = 0.8


def _same(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Former:
    """How a setting of an older version is read: as `now`, or not at all; the remedy is a sentence.

    `value` translates what stood in the file (or the text of a variable); ValueError when it
    cannot.
    """

    remedy: str
    now: str | None = None
    value: Callable[[object], object] = _same


def switched_on(value: object) -> bool:
    """Whether a yes or no of TOML or of a variable is yes. ValueError when it is neither."""
    text = str(value).lower()
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise ValueError("it is neither true nor false")


def told_former(key: str, source: str, former: Former) -> str:
    """The warning about a setting of an older version."""
    so = "does nothing any more" if former.now is None else "still counts"
    return f"{key} in {source} is of an older version and {so}. {former.remedy}"


def told_unknown(key: str, source: str) -> str:
    """The warning about a setting that nobody knows."""
    return (
        f"{key} in {source} is not known to this version and does nothing."
        " Remove it, or install the version that it is for."
    )


def meant(key: str, known: Iterable[str]) -> str | None:
    """What `key` was meant to be, if it is a known name or part of one, misspelt."""
    depth = key.count(".") + 1
    names = {".".join(name.split(".")[:depth]) for name in known}
    near = difflib.get_close_matches(key, sorted(names), 1, MISSPELT_RATIO)
    return near[0] if near else None
