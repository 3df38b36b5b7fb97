"""The results as a table in docs/performance.md, between two marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.results import Document

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results -->", "<!-- /results -->"
HEAD = "| | measured | bound | |\n|---|---|---|---|"


def write(document: Document) -> Path:
    """Put the table of all rows into the page; the page."""
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    PAGE.write_text(f"{before}{BEGIN}\n{_tables(document)}\n{END}{after}", "utf-8")
    return PAGE


def _tables(document: Document) -> str:
    machine = document.get("machine", {})
    lines = [
        f"Measured on {machine.get('cores')} cores, {machine.get('system')}, Python"
        f" {machine.get('python')}."
    ]
    group = None
    for row in document["rows"]:
        if row["group"] != group:
            group = row["group"]
            lines += ["", f"**{group}** ({row['measured']})", "", HEAD]
        lines.append(_line(row))
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    sign = "≥" if row["at_least"] else "≤"
    bound = "" if row["bound"] is None else f"{sign} {row['bound']:g}"
    beside = [f"{name} {_short(value)}" for name, value in row["peers"].items()]
    if not row["met"]:
        beside.insert(0, "**not met**")
    remarks = "; ".join([*beside, *([row["note"]] if row["note"] else [])])
    return f"| {row['name']} | {_short(row['value'])} {row['unit']} | {bound} | {remarks} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
