"""`make bench`: measures and prints every row; `--json` prints JSON, `--only NAME` one group.

Exit code 1 when a bound is missed. Times on a busy machine are worse: close other programs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import calls, loads, preroll, rings
from bench.row import Row

RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"
GROUPS: dict[str, Callable[[Path], Awaitable[list[Row]]]] = {
    "calls": calls.rows,
    "rings": rings.rows,
    "loads": loads.rows,
    "preroll": preroll.rows,
}


def main() -> int:
    """Measure, print, and keep the result in bench/results/latest.json."""
    options = _arguments()
    measured: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        for name in options.only or GROUPS:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            measured += asyncio.run(_measure(name, Path(folder)))
    document = {"machine": _machine(), "rows": [row.as_json() for row in measured]}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if options.json:
        print(RESULTS.read_text("utf-8"), end="")
    else:
        print("\n".join(row.as_text() for row in measured))
    return 0 if all(row.met for row in measured) else 1


async def _measure(name: str, folder: Path) -> list[Row]:
    return await GROUPS[name](folder)


def _machine() -> dict[str, object]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--only", nargs="+", choices=sorted(GROUPS), help="only these groups")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
