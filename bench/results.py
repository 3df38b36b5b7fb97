"""bench/results/latest.json: the rows of each group's last measurement, and on what machine."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from bench.row import Row

PATH = Path(__file__).resolve().parent / "results" / "latest.json"

Document = dict[str, Any]


def read() -> Document:
    """What is there; no rows when nothing was measured yet."""
    try:
        document: Document = json.loads(PATH.read_text("utf-8"))
    except (OSError, ValueError):
        return {"rows": []}
    return document


def keep(group: str, rows: list[Row]) -> None:
    """Put the rows of a group in the place of its earlier ones."""
    others = [row for row in read()["rows"] if row["group"] != group]
    day = time.strftime("%Y-%m-%d")
    document = {
        "machine": _machine(),
        "rows": others + [{"group": group, "measured": day, **row.as_json()} for row in rows],
    }
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _machine() -> dict[str, object]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }
