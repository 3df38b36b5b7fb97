"""`python -m fuzz`: every target for a while, with Atheris; exit code 1 when one breaks.

python -m fuzz [--seconds 20] [TARGET …]
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz.corpus import folder_of
from fuzz.targets import TARGETS

# A target that hangs is a fault as well; the fuzzer itself ends it after this.
HANG_LIMIT_S = 10
# Longer inputs find little more in parsers that cap sizes first.
INPUT_LIMIT_BYTES = 8192


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    wanted = parser.parse_args()
    if unknown := [name for name in wanted.targets if name not in TARGETS]:
        parser.error(f"There is no target {unknown[0]!r}. Known: {', '.join(TARGETS)}.")
    if importlib.util.find_spec("atheris") is None:
        print("Atheris is not installed. `make fuzz` installs it.", file=sys.stderr)
        return 2
    broken = [name for name in wanted.targets or TARGETS if not _fuzz(name, wanted.seconds)]
    if broken:
        print(f"Broken: {', '.join(broken)}. The inputs are in fuzz/corpus; commit them.")
    return 1 if broken else 0


def _fuzz(name: str, seconds: int) -> bool:
    """Whether the target stood it; an input that broke it is added to its corpus."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as found:
        done = subprocess.run(
            [sys.executable, "-m", "fuzz.one", name, found, str(folder_of(name)),
             f"-max_total_time={seconds}", f"-max_len={INPUT_LIMIT_BYTES}",
             f"-timeout={HANG_LIMIT_S}", f"-artifact_prefix={folder_of(name)}/",
             "-print_final_stats=1"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        kept = len(list(Path(found).iterdir()))
    runs = next(
        (line.split()[-1] for line in done.stderr.splitlines() if "executed_units" in line), "?"
    )
    verdict = "stood" if done.returncode == 0 else "BROKE"
    spent_s = time.monotonic() - began
    print(
        f"{name:16} {verdict}  {runs:>9} inputs  {kept:>5} new paths  {spent_s:4.0f} s", flush=True
    )
    if done.returncode:
        print(done.stderr[-3000:], file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
