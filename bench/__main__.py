"""`make bench`: measures and prints every row beside what others need; exit code 1 on a miss.

`--only NAME …` measures some groups and keeps the other rows of bench/results/latest.json,
`--json` prints that file, `--draw` puts it into docs/performance.md and measures nothing.
Times on a busy machine are worse: close other programs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import (
    calls,
    charts,
    endurance,
    growth,
    idle,
    mouth_to_ear,
    network,
    pis,
    preroll,
    report,
    results,
    rewind,
    rings,
    room,
)
from bench.row import Row

GROUPS: dict[str, Callable[[Path], Awaitable[list[Row]]]] = {
    "calls": calls.rows,
    "rings": rings.rows,
    "idle": idle.rows,
    "viewers": growth.viewers,
    "streams": growth.streams,
    "preroll": preroll.rows,
    "rewind": rewind.rows,
    "network": network.rows,
    "room": room.rows,
    "voices": mouth_to_ear.rows,
    "endurance": endurance.rows,
    "pis": pis.rows,
}


def main() -> int:
    """Measure, print, and keep the result."""
    options = _arguments()
    if options.draw:
        found = results.read()
        for path in (*charts.draw(found), report.write(found)):
            print(f"wrote {path}")
        return 0
    # Five hundred calls in a row are more than any household makes: without limits on rates.
    os.environ.setdefault("DOORSTEP_RATES_FACTOR", "0")
    met = True
    for name in options.only or GROUPS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            rows = asyncio.run(_measure(name))
        except Exception:  # noqa: BLE001 - the other groups are measured all the same
            traceback.print_exc()
            met = False
            continue
        results.keep(name, rows)
        met = met and all(row.met for row in rows)
        if not options.json:
            print("\n".join([f"\n{name}", *(row.as_text() for row in rows)]), flush=True)
    if options.json:
        print(results.PATH.read_text("utf-8"), end="")
    return 0 if met else 1


async def _measure(name: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        return await GROUPS[name](Path(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--draw", action="store_true", help="put the results into the docs")
    parser.add_argument("--only", nargs="+", choices=sorted(GROUPS), help="only these groups")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
