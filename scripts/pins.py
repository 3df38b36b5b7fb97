"""Every package that the project pins: read from requirements/*.txt and package-lock.json."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYPI = "PyPI"
NPM = "npm"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
_VIA = re.compile(r"^\s+#\s+(?:via\s+)?(\S.*)$")
_OURS = ("doorstep ", "-r ")


@dataclass(frozen=True, order=True)
class Pin:
    """One version of one package."""

    registry: str
    name: str
    version: str


@dataclass
class Use:
    """Where a pin stands, and which packages ask for it; `direct` when we do."""

    lists: set[str]
    wanted_by: set[str]
    direct: bool = False
    licence: str = ""


def read(root: Path) -> dict[Pin, Use]:
    """All pins of the project in `root`."""
    found: dict[Pin, Use] = defaultdict(lambda: Use(set(), set()))
    for path in sorted((root / "requirements").glob("*.txt")):
        _read_requirements(path, found)
    _read_lock(root / "mobile-web" / "package-lock.json", found)
    return dict(sorted(found.items()))


def _read_requirements(path: Path, found: dict[Pin, Use]) -> None:
    use: Use | None = None
    for line in path.read_text("utf-8").splitlines():
        if pinned := _PINNED.match(line):
            use = found[Pin(PYPI, pinned[1].lower(), pinned[2])]
            use.lists.add(path.stem)
        elif use and (via := _VIA.match(line)) and via[1] != "via":
            use.direct = use.direct or via[1].startswith(_OURS)
            if not via[1].startswith("-"):
                use.wanted_by.add(via[1].partition(" ")[0])


def _read_lock(path: Path, found: dict[Pin, Use]) -> None:
    packages: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))["packages"]
    wanted_by: dict[str, set[str]] = defaultdict(set)
    for place, package in packages.items():
        for kind in ("dependencies", "optionalDependencies", "devDependencies"):
            for name in package.get(kind, ()):
                wanted_by[name].add(_name_of(place))
    for place, package in packages.items():
        if not place:
            continue
        name = _name_of(place)
        use = found[Pin(NPM, name, package["version"])]
        use.lists.add("app's build" if package.get("dev") else "app")
        use.wanted_by |= wanted_by[name] - {""}
        use.direct = use.direct or "" in wanted_by[name]
        use.licence = str(package.get("license", "")) or use.licence


def _name_of(place: str) -> str:
    return place.rpartition("node_modules/")[2]
