"""`python -m image.card IMAGE`: start a card on a virtual board until its doorbell is ready."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from image.card.errors import BoardError
from image.card.trial import Trial

# For what a person can put right, as everywhere in Doorstep.
EXIT_WRONG = 2


def main(arguments: Sequence[str]) -> int:
    """Start it and look around; the exit code. What goes wrong is one sentence and code 2."""
    parser = argparse.ArgumentParser(prog="python -m image.card", description=_DESCRIPTION)
    parser.add_argument("image", type=Path, help="made by make image")
    parser.add_argument("--keep", type=Path, help="folder for the console and the card")
    parser.add_argument("files", nargs="*", help="further arguments for image.first_run, after --")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="doorstep-card-") as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            Trial(folder, lambda line: print(line, flush=True)).start(chosen.image, *chosen.files)
        except BoardError as error:
            print(error, file=sys.stderr)
            return EXIT_WRONG
    return 0


_DESCRIPTION = "Starts a card on a virtual arm64 board and says when its doorbell is ready."

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
