"""The packages that the project pins: what databases know of holes in them, and our own reading.

python -m scripts.audit_dependencies           ask pip-audit and npm audit, then check the reading
python -m scripts.audit_dependencies --check   only the reading: docs/dependencies.md fits the pins
python -m scripts.audit_dependencies --read    the new pins were read today; write the page anew
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from scripts import pins
from scripts.advisories import Opinion, npm_audit, pip_audit
from scripts.dependency_purposes import PURPOSES
from scripts.pins import Pin, Use

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("docs") / "dependencies.md"
# Longer texts are whole licences instead of their names.
_LICENCE_LIMIT = 60
_ROW = re.compile(r"^\| `([^`]+)` \| (\S+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([\d-]+) \|$")
_HEAD = "| Package | Version | Where | For | Licence | Read on |\n|---|---|---|---|---|---|\n"
_INTRODUCTION = """# Dependencies

Every package that the project pins, with the day on which somebody read its row: that we need it,
where it is used, and that its licence fits. Written by
`python -m scripts.audit_dependencies --read`; a pin that is not listed here fails the checks.

Reading finds no holes. `make audit` asks pip-audit and npm audit, which do, wherever their
databases can be reached, and says so where they cannot.

“Where” names the files under `requirements/`; `run` is what a doorbell and a server need. `app` is
what a phone loads; everything of `app's build` stays on the machine that builds it.
"""


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Carry out one of the three; the exit code."""
    if "--read" in arguments:
        return write(root, datetime.now(UTC).date().isoformat())
    holes = [] if "--check" in arguments else _ask(root)
    complaints = drift(root)
    for line in [*holes, *complaints]:
        print(line)
    if complaints:
        print(
            "Read what these packages are and what changed in them; then run:"
            " python -m scripts.audit_dependencies --read"
        )
    if holes:
        print("Raise these in pyproject.toml or package.json, then run: make lock, make audit")
    return 1 if holes or complaints else 0


def drift(root: Path) -> list[str]:
    """What is pinned and was not read, and what was read and is not pinned any more."""
    known, found = _rows(root), pins.read(root)
    return [
        *(f"{pin.registry}: {pin.name} {pin.version} was not read." for pin in found
          if pin not in known),
        *(f"{pin.registry}: {pin.name} {pin.version} is not pinned any more." for pin in known
          if pin not in found),
        *(f"{pin.name}: say in scripts/dependency_purposes.py what it is for."
          for pin, use in found.items() if use.direct and pin.name not in PURPOSES),
    ]  # fmt: skip


def write(root: Path, today: str) -> int:
    """The page anew; pins that stood there keep their day and their licence."""
    known = _rows(root)
    text = _INTRODUCTION
    found = pins.read(root)
    for registry in (pins.PYPI, pins.NPM):
        rows = [
            _row(pin, use, *known.get(pin, ("", today)))
            for pin, use in found.items()
            if pin.registry == registry
        ]
        text += f"\n## {registry}\n\n{_HEAD}{''.join(rows)}"
    (root / PAGE).write_text(text, "utf-8")
    for pin in found.keys() - known.keys():
        print(f"read on {today}: {pin.name} {pin.version}")
    return 0


def _ask(root: Path) -> list[str]:
    lists = sorted((root / "requirements").glob("*.txt"))
    opinions: list[Opinion] = [*map(pip_audit, lists), npm_audit(root / "mobile-web")]
    for opinion in opinions:
        if opinion.silent_because:
            print(f"{opinion.tool} cannot say: {opinion.silent_because}.")
        elif not opinion.holes:
            print(f"{opinion.tool} knows of no holes.")
    return [f"{opinion.tool}: {hole}" for opinion in opinions for hole in opinion.holes]


def _row(pin: Pin, use: Use, licence: str, read_on: str) -> str:
    where = ", ".join(sorted(use.lists))
    purpose = PURPOSES.get(pin.name) if use.direct else None
    wanted = sorted(use.wanted_by)
    others = f" and {len(wanted) - 1} more" if len(wanted) > 1 else ""
    purpose = purpose or (f"needed by {wanted[0]}{others}" if wanted else "")
    licence = (use.licence or licence or _licence_of(pin)).replace("|", "/")
    cells = (f"`{pin.name}`", pin.version, where, purpose, licence or "not said", read_on)
    return f"| {' | '.join(cells)} |\n"


def _rows(root: Path) -> dict[Pin, tuple[str, str]]:
    """Licence and day of every pin on the page."""
    found: dict[Pin, tuple[str, str]] = {}
    registry = ""
    page = root / PAGE
    for line in page.read_text("utf-8").splitlines() if page.exists() else ():
        if line.startswith("## "):
            registry = line[3:]
        elif row := _ROW.match(line):
            licence = row[5].strip().removeprefix("not said")
            found[Pin(registry, row[1], row[2])] = (licence, row[6])
    return found


def _licence_of(pin: Pin) -> str:
    """As the installed package says, when it is installed and says so in a few words."""
    try:
        package = distribution(pin.name)
    except PackageNotFoundError:
        return ""
    return next((text for text in _licences(package) if 0 < len(text) <= _LICENCE_LIMIT), "")


def _licences(package: Distribution) -> list[str]:
    metadata = package.metadata
    classified = [
        text.rpartition(" :: ")[2]
        for text in metadata.get_all("Classifier", [])
        if text.startswith("License :: OSI Approved :: ")
    ]
    named = [
        text for name in ("License-Expression", "License") for text in metadata.get_all(name, [])
    ]
    return [text.strip() for text in (*named, ", ".join(classified))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
