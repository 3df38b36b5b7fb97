"""Draw docs/state-machine.svg from the doorbell's table of transitions.

python -m scripts.draw_states            write the picture
python -m scripts.draw_states --check    exit code 1 if the picture is out of date
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

from device.core.machine import TABLE, Rule
from device.core.states import HousePhase, LockPhase, Phase, Place
from device.core.visits import stay
from scripts.svg import Box, Figure

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "state-machine.svg"
SIZE = (1360, 1200)
CENTRES: dict[Place, tuple[int, int]] = {
    Phase.QUIET: (200, 450),
    Phase.PRESENT: (680, 110),
    Phase.LEAVING: (680, 450),
    Phase.RINGING: (680, 770),
    Phase.ANSWERED: (1170, 450),
    LockPhase.LOCKED: (220, 1060),
    LockPhase.OPEN: (680, 1060),
    HousePhase.READY: (1160, 1060),
}
# How far an arrow bows to the right of its way, as a part of its length, and how far along it
# its words stand; the table says what is drawn, this only keeps lines and words apart.
USUAL = (0.16, 0.5)
SHAPES: dict[tuple[Place, Place], tuple[float, float]] = {
    (Phase.QUIET, Phase.PRESENT): (-0.14, 0.5),
    (Phase.PRESENT, Phase.ANSWERED): (0.0, 0.55),
    (Phase.ANSWERED, Phase.PRESENT): (0.26, 0.5),
    (Phase.PRESENT, Phase.LEAVING): (0.3, 0.5),
    (Phase.LEAVING, Phase.PRESENT): (0.3, 0.5),
    (Phase.LEAVING, Phase.RINGING): (0.3, 0.5),
    (Phase.RINGING, Phase.LEAVING): (0.3, 0.5),
    (Phase.PRESENT, Phase.RINGING): (0.4, 0.72),
    (Phase.RINGING, Phase.PRESENT): (0.4, 0.13),
}
# An event that leads there from this many phases is told in words, not in arrows.
FROM_EVERYWHERE = 4

Arrow = tuple[Place, Place]


def main(arguments: list[str]) -> int:
    picture = draw()
    if "--check" not in arguments:
        PICTURE.write_text(picture, "utf-8")
        print(f"wrote {PICTURE.relative_to(Path.cwd())}")
        return 0
    if PICTURE.exists() and PICTURE.read_text("utf-8") == picture:
        return 0
    print("docs/state-machine.svg is out of date. Run: make diagram", file=sys.stderr)
    return 1


def draw() -> str:
    """The whole picture as SVG text."""
    figure = Figure(*SIZE, "The states of the doorbell")
    figure.heading(40, 52, "Visit")
    figure.heading(40, 950, "Lock")
    figure.heading(1000, 950, "House")
    boxes = {place: Box(*CENTRES[place], words(place.value), stays(place)) for place in TABLE}
    for (start, end), lines in arrows().items():
        figure.arrow(boxes[start], boxes[end], lines, *SHAPES.get((start, end), USUAL))
    for box in boxes.values():
        figure.box(box)
    for row, line in enumerate(from_everywhere_lines()):
        figure.remark(40, 880 + 20 * row, line)
    return figure.text()


def stays(place: Place) -> list[str]:
    """What happens without leaving, for the inside of a box."""
    return [
        label(event, rule)
        for event, rules in TABLE[place].items()
        for rule in rules
        if rule.to is place and rule.does is not stay
    ]


def arrows() -> dict[Arrow, list[str]]:
    """The lines on each arrow, in the order of the table."""
    drawn: dict[Arrow, list[str]] = defaultdict(list)
    told = from_everywhere()
    for place, row in TABLE.items():
        for event, rules in row.items():
            for rule in rules:
                if rule.to is not place and (event, rule.to) not in told:
                    drawn[place, rule.to].append(label(event, rule))
    return drawn


def from_everywhere() -> dict[tuple[type, Place], str]:
    """Events that end the same way in (nearly) every phase, with what they do."""
    count: dict[tuple[type, Place], set[Place]] = defaultdict(set)
    does: dict[tuple[type, Place], str] = {}
    for place, row in TABLE.items():
        for event, rules in row.items():
            for rule in rules:
                if rule.to is not place:
                    count[event, rule.to].add(place)
                    does[event, rule.to] = words(rule.does.__name__)
    return {key: does[key] for key, places in count.items() if len(places) >= FROM_EVERYWHERE}


def from_everywhere_lines() -> list[str]:
    return [
        f"From {'every other phase' if to is Phase.QUIET else 'four phases'}: "
        f"{words(event.__name__)} / {does} → {words(to.value)}"
        for (event, to), does in from_everywhere().items()
    ]


def label(event: type, rule: Rule) -> str:
    guard = f" [{words(rule.when.__name__)}]" if rule.when else ""
    effect = "" if rule.does is stay else f" / {words(rule.does.__name__)}"
    return f"{words(event.__name__)}{guard}{effect}"


def words(name: str) -> str:
    """`RingTimedOut` and `ring_timed_out` as people say it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
