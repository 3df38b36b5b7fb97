"""Where recordings are written before they are clips: a folder per doorbell, a file per part.

`<visit>.<n>.<Unix milliseconds of the first picture>.mp4` is a part, whole or cut short by a
crash. `<visit>.kept` says that all parts older than it are in the store already, and
`<visit>.<anything>.seen` is a stored clip that is still looked at.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cloud.recorder.ports import VisitKey

_PART = re.compile(r"(?P<visit>[a-z0-9-]{8,40})\.(?P<number>\d+)\.(?P<starts_ms>\d+)\.mp4")
_JOINED = "{}.mp4"
_KEPT = "{}.kept"
_SEEN = "{}.{}.seen"


@dataclass(frozen=True, slots=True)
class Part:
    """One uninterrupted piece of a visit's recording."""

    path: Path
    number: int
    starts_ms: int


class Spool:
    """The folder of parts. Its methods touch the disk: call them off the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new_part(self, key: VisitKey, starts_ms: int) -> Part:
        """A name that no part has yet; its folder exists."""
        folder = self._folder / key.doorbell
        folder.mkdir(parents=True, exist_ok=True)
        number = max((part.number for part in self.parts(key)), default=0) + 1
        return Part(folder / f"{key.visit}.{number}.{starts_ms}.mp4", number, starts_ms)

    def parts(self, key: VisitKey) -> list[Part]:
        """What there is of a visit, in the order of its capture."""
        found = [
            Part(path, int(match["number"]), int(match["starts_ms"]))
            for path in (self._folder / key.doorbell).glob(f"{key.visit}.*.mp4")
            if (match := _PART.fullmatch(path.name))
        ]
        return sorted(found, key=lambda part: (part.starts_ms, part.number))

    def joined(self, key: VisitKey) -> Path:
        """Where the whole clip is put together."""
        return self._folder / key.doorbell / _JOINED.format(key.visit)

    def set_aside(self, key: VisitKey) -> Path:
        """Give the whole clip a name that no other clip of the visit will take."""
        aside = self._folder / key.doorbell / _SEEN.format(key.visit, secrets.token_hex(4))
        return self.joined(key).rename(aside)

    def set_aside_before(self) -> list[tuple[VisitKey, Path]]:
        """What an earlier process had set aside and not looked at to the end."""
        paths = sorted(self._folder.glob(f"*/{_SEEN.format('*', '*')}"))
        return [(VisitKey(path.parent.name, path.name.split(".")[0]), path) for path in paths]

    def visits(self) -> list[VisitKey]:
        """Every visit of which there are parts."""
        names = (
            VisitKey(path.parent.name, match["visit"])
            for path in self._folder.glob("*/*.mp4")
            if (match := _PART.fullmatch(path.name))
        )
        return sorted(set(names), key=lambda key: (key.doorbell, key.visit))

    def mark_kept(self, key: VisitKey) -> None:
        """Remember that the store has all there is."""
        (self._folder / key.doorbell / _KEPT.format(key.visit)).touch()

    def is_kept(self, key: VisitKey) -> bool:
        """Whether the store has all there is."""
        mark = self._folder / key.doorbell / _KEPT.format(key.visit)
        if not mark.exists():
            return False
        at_ns = mark.stat().st_mtime_ns
        return all(part.path.stat().st_mtime_ns <= at_ns for part in self.parts(key))

    def remove(self, key: VisitKey) -> None:
        """Forget a visit."""
        paths: Iterable[Path] = (part.path for part in self.parts(key))
        mark = self._folder / key.doorbell / _KEPT.format(key.visit)
        for path in (*paths, self.joined(key), mark):
            path.unlink(missing_ok=True)
