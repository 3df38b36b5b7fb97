"""Draw docs/wiring.svg from the pins of the settings.

python -m scripts.draw_wiring                               the default pins, into docs/
python -m scripts.draw_wiring --check                       exit code 1 if that is out of date
python -m scripts.draw_wiring --config FILE --out FILE.svg  your own pins
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

from device.settings import PinSettings, read_settings
from hardware.header import HEADER_PINS, PIN_OF_GPIO, ground_near, words_of
from protocol.settings import SettingsError
from scripts.svg import EDGE, FILL, INK, PAPER, SOFT

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "wiring.svg"
WIDTH, PIN_STEP, TOP = 1120, 26, 96
HEADER_LEFT, HEADER_RIGHT = 536, 584
BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 300, 94, 16
LEFT_BOX, RIGHT_BOX = 30, WIDTH - 30 - BOX_WIDTH
# Wires that pass each other run in lanes of their own.
FIRST_LANE, LANE_STEP = 26, 12
# A wire stops where the name of its pin stands.
NAME_WIDTH = 82
HEIGHT = TOP + 20 * PIN_STEP + 130
COLOURS = {"signal": "#a8791f", "ground": "#4b4741", "5V": "#b3261e"}
STYLE = f"""text{{font-family:system-ui,sans-serif;font-size:13px;fill:{INK}}}
.heading{{font-size:20px;font-weight:600}} .title{{font-size:15px;font-weight:600}}
.soft{{fill:{SOFT};font-size:12px}} .pin,.used{{font-size:11px;fill:{SOFT}}}
.used{{fill:{INK};font-weight:600}}"""


@dataclass(frozen=True, slots=True)
class Part:
    """What hangs on one pin: its name in the settings, what it is, and how it is fed."""

    key: str
    title: str
    lines: tuple[str, str]
    powered: bool
    on_left: bool


# Right of the header is what needs mains or is seen, left what belongs to the door.
PARTS = (
    Part("button", "Button", ("closes to ground; no resistor needed", ""), False, True),
    Part("motion", "Motion sensor (PIR)", ("HC-SR501 or alike, output 3.3 V:",
         "high while someone moves"), True, True),
    Part("lock", "Lock relay", ("10 kΩ from its input to ground, and a",
         "time limit in hardware behind it"), True, True),
    Part("light", "Light relay", ("the mains side is an electrician's work", ""), True, False),
    Part("chime", "Chime relay", ("its contact beside the old bell push", ""), True, False),
    Part("indicator", "Indicator LED", ("330 Ω in series with it", ""), False, False),
    Part("infrared", "Infra-red light", ("its own supply, behind relay or MOSFET;",
         "for a camera without IR filter"), True, False),
)  # fmt: skip


def main(arguments: list[str]) -> int:
    chosen = _arguments(arguments)
    try:
        pins = read_settings(chosen.config, {}, {}).pins if chosen.config else PinSettings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    picture, path = draw(pins), chosen.out or PICTURE
    if not chosen.check:
        path.write_text(picture, "utf-8")
        print(f"wrote {path}")
        return 0
    if path.exists() and path.read_text("utf-8") == picture:
        return 0
    print("docs/wiring.svg is out of date. Run: make diagram", file=sys.stderr)
    return 1


def draw(pins: PinSettings) -> str:
    """The whole picture as SVG text."""
    wired = [part for part in PARTS if part.key in pins.numbers]
    shapes = [_head(), *_header(set(pins.numbers.values()))]
    for on_left in (True, False):
        side = sorted((part for part in wired if part.on_left is on_left),
                      key=lambda part: PIN_OF_GPIO[pins.numbers[part.key]])  # fmt: skip
        middles = _middles([PIN_OF_GPIO[pins.numbers[part.key]] for part in side])
        for row, (part, middle) in enumerate(zip(side, middles, strict=True)):
            shapes += _part(part, row, middle, pins)
    shapes += _names(set(pins.numbers.values()))
    return "\n".join([*shapes, *_legend(), "</svg>", ""])


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.draw_wiring")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a device.toml")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the picture goes")
    return parser.parse_args(arguments)


def _head() -> str:
    title = "How the parts are wired to the Raspberry Pi's header"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{PAPER}"/>\n'
        + _text(30, 46, "Wiring", "heading", "start")
        + _text(560, 46, "40-pin header, seen from above; pin 1 is at the card's end", "soft")
    )


def _header(used: set[int]) -> list[str]:
    """The two rows of pins, each with its number and its name."""
    numbers = {PIN_OF_GPIO[gpio] for gpio in used}
    shapes = [
        f'<rect x="{HEADER_LEFT - 20}" y="{TOP - 20}" width="{HEADER_RIGHT - HEADER_LEFT + 40}" '
        f'height="{20 * PIN_STEP + 14}" rx="8" fill="#2f2c27"/>'
    ]
    for pin in range(1, HEADER_PINS + 1):
        x, y = _place(pin)
        fill = COLOURS["signal"] if pin in numbers else _power_colour(pin)
        shapes.append(f'<circle cx="{x}" cy="{y}" r="8" fill="{fill}"/>')
    return shapes


def _names(used: set[int]) -> list[str]:
    """The pins' names, in front of the wires."""
    numbers = {PIN_OF_GPIO[gpio] for gpio in used}
    return [_name(pin, "used" if pin in numbers else "pin") for pin in range(1, HEADER_PINS + 1)]


def _name(pin: int, style: str) -> str:
    x, y = _place(pin)
    on_left = bool(pin % 2)
    words = f"{words_of(pin)} · {pin}" if on_left else f"{pin} · {words_of(pin)}"
    text = _text(x - 28 if on_left else x + 28, y + 4, words, style, "end" if on_left else "start")
    if style != "used":
        return text
    left = x - 28 - NAME_WIDTH if on_left else x + 26
    return f'<rect x="{left}" y="{y - 9}" width="{NAME_WIDTH}" height="18" fill="{PAPER}"/>\n{text}'


def _middles(pins: list[int]) -> list[int]:
    """Heights of the boxes of one side: each as near to its pin as the others let it be."""
    if not pins:
        return []
    step = BOX_HEIGHT + BOX_GAP
    wanted = [_place(pin)[1] for pin in pins]
    first = sum(y - step * row for row, y in enumerate(wanted)) // len(wanted)
    lowest = TOP + 20 * PIN_STEP - BOX_HEIGHT // 2 - step * (len(pins) - 1)
    first = max(TOP - 20 + BOX_HEIGHT // 2, min(first, lowest))
    return [first + step * row for row in range(len(pins))]


def _power_colour(pin: int) -> str:
    words = words_of(pin)
    return COLOURS.get(words, "#c9c3b8") if words != "3V3" else "#d98f2b"


def _place(pin: int) -> tuple[int, int]:
    return (HEADER_LEFT if pin % 2 else HEADER_RIGHT), TOP + PIN_STEP * ((pin - 1) // 2)


def _part(part: Part, row: int, middle: int, pins: PinSettings) -> list[str]:
    """The part's box, which names all its wires, and the signal wire as a line."""
    gpio = pins.numbers[part.key]
    pin = PIN_OF_GPIO[gpio]
    left = LEFT_BOX if part.on_left else RIGHT_BOX
    top = middle - BOX_HEIGHT // 2
    title = f"{part.title}, inverted" if part.key in pins.inverted else part.title
    wires = [f"pin {pin} (GPIO {gpio})", f"ground {ground_near(pin)}"]
    if part.powered:
        wires.append("5V 2 or 4")
    return [
        _wire(part, pin, left, middle, row),
        f'<rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="10" '
        f'fill="{FILL}" stroke="{EDGE}" stroke-width="1.5"/>',
        _text(left + 14, top + 24, title, "title", "start"),
        _text(left + 14, top + 45, " · ".join(wires), "", "start"),
        *(_text(left + 14, top + 64 + 16 * line, words, "soft", "start")
          for line, words in enumerate(part.lines) if words),
    ]  # fmt: skip


def _wire(part: Part, pin: int, left: int, middle: int, row: int) -> str:
    x, y = _place(pin)
    start = left + BOX_WIDTH if part.on_left else left
    away = FIRST_LANE + LANE_STEP * row
    lane = start + away if part.on_left else start - away
    # A pin of the far row is reached between two pins of the near one.
    far = (pin % 2 == 0) is part.on_left
    turn = y + PIN_STEP // 2 if far else y
    last = f"{x},{turn} {x},{y}" if far else f"{x},{y}"
    points = f"{start},{middle} {lane},{middle} {lane},{turn} {last}"
    return (
        f'<polyline points="{points}" fill="none" stroke="{COLOURS["signal"]}" '
        f'stroke-width="2.5" stroke-linejoin="round"/>'
    )


def _legend() -> list[str]:
    """What holds for all parts."""
    y = TOP + 20 * PIN_STEP + 34
    lines = (
        "Lines are the signal wires. Each part also needs ground, and a relay or a PIR 5 V:"
        " the box says on which pins.",
        "Relays, strike and mains stay inside the house. No pin may get more than 3.3 V.",
        "Pins 12, 35, 38 and 40 (GPIO 18 to 21) stay free for an I2S sound card, 3 and 5 for I2C.",
    )
    return [_text(30, y + 22 * row, line, "soft", "start") for row, line in enumerate(lines)]


def _text(x: float, y: float, words: str, style: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
