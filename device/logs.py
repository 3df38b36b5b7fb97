"""How the service's log looks: one line per state change, on stderr, where journald reads it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping

# Chatty libraries; what they say at info is of use to their developers only.
_QUIET = ("aioice", "aiortc", "aiohttp", "libav", "asyncio")


def set_up(level: str, environment: Mapping[str, str] = os.environ) -> None:
    """Log at `level`; without the time under systemd, which adds its own."""
    stamp = "" if "JOURNAL_STREAM" in environment else "%(asctime)s "
    logging.basicConfig(
        stream=sys.stderr,
        level=level.upper(),
        format=f"{stamp}%(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
