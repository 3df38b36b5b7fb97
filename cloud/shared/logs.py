"""How the server's log looks: one line per state change, on stderr, where journald reads it.

The doorbell writes the same lines; tests hold the two together.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping

# What libraries say at info is of use to their developers only.
_OURS = ("cloud", "media", "protocol")


def set_up(level: str, environment: Mapping[str, str] = os.environ) -> None:
    """Log at `level`, libraries from warnings on; no time under systemd, which adds its own."""
    stamp = "" if "JOURNAL_STREAM" in environment else "%(asctime)s "
    wanted = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(
        stream=sys.stderr,
        level=max(wanted, logging.WARNING),
        format=f"{stamp}%(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
    )
    for name in _OURS:
        logging.getLogger(name).setLevel(wanted)
