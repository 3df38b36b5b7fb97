"""The results as pictures for docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from bench.results import Document

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
WIDTH = 720
LEFT, RIGHT = 190, 90
BAR, GAP, HEAD, TITLE = 22, 8, 34, 30
COLUMN, CELL_HEIGHT = 150, 34
FREEZE_BOUND_MS = 1000
# The rows of bench/network.py: rate, and loss with delay.
CELL = re.compile(r"longest freeze, (\S+) Mbit/s, (loss .*)")
PAPER, INK, SOFT, OURS, THEIRS = "#fdfcf9", "#23211d", "#6b665c", "#c8871e", "#cfc8ba"
STYLE = f"""text{{font-family:system-ui,sans-serif;font-size:13px;fill:{INK}}}
.title{{font-size:15px;font-weight:600}} .soft{{fill:{SOFT}}}"""

# One file each: its name, and the rows that it shows beside their peers.
BESIDE_OTHERS = {
    "bench-cost.svg": (
        "doorbell CPU per viewer, 720p30 at 2 Mbit/s, with sound",
        "recorder CPU per stream, 720p30 at 2 Mbit/s, with sound",
    ),
    "bench-times.svg": (
        "tap to first decoded frame, Chromium, median",
        "capture to rendered, same page, median",
    ),
}
# One file for how costs grow: the titles, and the rows in their order.
GROWTH = {
    "doorbell CPU over viewers": (
        ("1", "doorbell CPU, 1 viewers"),
        ("2", "doorbell CPU, 2 viewers"),
        ("4", "doorbell CPU, 4 viewers"),
        ("8", "doorbell CPU, 8 viewers"),
    ),
    "recorder CPU over streams": (
        ("1", "recorder CPU, 1 stream"),
        ("10", "recorder CPU, 10 streams"),
        ("25", "recorder CPU, 25 streams in one process"),
    ),
}


def draw(document: Document) -> list[Path]:
    """Write every picture whose rows are there; the files written."""
    rows = {row["name"]: row for row in document["rows"]}
    pictures = {
        name: [_beside(rows[row]) for row in shown if row in rows]
        for name, shown in BESIDE_OTHERS.items()
    }
    pictures["bench-growth.svg"] = [
        (title, rows[names[0][1]]["unit"], {n: rows[row]["value"] for n, row in names})
        for title, names in GROWTH.items()
        if all(row in rows for _, row in names)
    ]
    figures = {name: _figure(blocks) for name, blocks in pictures.items() if blocks}
    if grid := _networks(rows):
        figures["bench-networks.svg"] = grid
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        (FOLDER / name).write_text(figure, "utf-8")
    return [FOLDER / name for name in figures]


Block = tuple[str, str, Mapping[str, float]]


def _beside(row: Document) -> Block:
    return row["name"], row["unit"], {"Doorstep": row["value"], **row["peers"]}


def _figure(blocks: list[Block]) -> str:
    parts, y = [], TITLE
    for title, unit, bars in blocks:
        parts.append(_text(16, y, title, "title"))
        y += GAP + 4
        most = max(*bars.values(), 1e-9)
        for number, (name, value) in enumerate(bars.items()):
            ours = len(bars) == 1 or number == 0 or name[0].isdigit()
            parts.append(_bar(y, name, value, unit, most, OURS if ours else THEIRS))
            y += BAR + GAP
        y += HEAD
    return _page(y - GAP, "; ".join(title for title, _, _ in blocks), parts)


def _networks(rows: Mapping[str, Document]) -> str:
    """A square for each network: its longest freeze, the darker the longer."""
    cells = {match.groups(): row for name, row in rows.items() if (match := CELL.fullmatch(name))}
    if not cells:
        return ""
    rates = list(dict.fromkeys(rate for rate, _ in cells))
    ways = list(dict.fromkeys(way for _, way in cells))
    parts = [_text(16, TITLE, "longest freeze in ms after the first picture", "title")]
    parts += [
        _text(LEFT + COLUMN * (column + 0.5), TITLE + HEAD, f"{rate} Mbit/s", "soft", "middle")
        for column, rate in enumerate(rates)
    ]
    for line, way in enumerate(ways):
        y = TITLE + HEAD + GAP + 4 + line * (CELL_HEIGHT + 4)
        parts.append(_text(LEFT - 10, y + CELL_HEIGHT // 2 + 5, way, "soft", "end"))
        parts += [
            _cell(LEFT + COLUMN * column, y, cells[(rate, way)]["value"])
            for column, rate in enumerate(rates)
            if (rate, way) in cells
        ]
    height = TITLE + HEAD + len(ways) * (CELL_HEIGHT + 4) + 2 * GAP + 4
    return _page(height, "longest freeze in ms on bad networks", parts)


def _cell(x: int, y: int, freeze_ms: float) -> str:
    depth = min(1.0, freeze_ms / FREEZE_BOUND_MS)
    return "\n".join(
        [
            f'<rect x="{x}" y="{y}" width="{COLUMN - 4}" height="{CELL_HEIGHT}" rx="6" '
            f'fill="{OURS}" fill-opacity="{0.12 + 0.8 * depth:.2f}"/>',
            _text(x + COLUMN / 2 - 2, y + CELL_HEIGHT // 2 + 5, f"{freeze_ms:.0f}", "", "middle"),
        ]
    )


def _page(height: int, title: str, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
    return "\n".join(
        [
            f'{head} aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" rx="12" fill="{PAPER}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _bar(y: int, name: str, value: float, unit: str, most: float, colour: str) -> str:
    length = max(2.0, (WIDTH - LEFT - RIGHT) * max(value, 0) / most)
    return "\n".join(
        [
            _text(LEFT - 10, y + BAR - 6, name, "soft", "end"),
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="4" '
            f'fill="{colour}"/>',
            _text(LEFT + length + 8, y + BAR - 6, f"{value:.3g} {unit}"),
        ]
    )


def _text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y}"{kind} text-anchor="{anchor}">{escape(words)}</text>'
