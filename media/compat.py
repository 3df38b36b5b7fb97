"""The one check that the installed aiortc is the one whose insides this package knows."""

from __future__ import annotations

import aiortc

# Senders, receivers and transports are hooked at single-underscore names read in this version.
KNOWN_AIORTC = "1.16."


def check_aiortc() -> None:
    """RuntimeError when another aiortc is installed."""
    if not aiortc.__version__.startswith(KNOWN_AIORTC):
        raise RuntimeError(
            f"aiortc {aiortc.__version__} is installed, but Doorstep's media needs"
            f" {KNOWN_AIORTC}x. Install the locked requirements again."
        )
