"""The canceller that the settings name."""

from __future__ import annotations

import logging

from hardware.echo.ducker import Ducker
from hardware.echo.null import NullCanceller
from hardware.echo.webrtc import WebrtcCanceller
from hardware.errors import MissingError
from hardware.options import Echo
from hardware.ports import EchoCanceller

log = logging.getLogger(__name__)


def open_canceller(echo: Echo) -> EchoCanceller:
    """A canceller, not yet entered; without its package, the microphone is turned down instead."""
    if echo == "off":
        return NullCanceller()
    if echo == "duck":
        return Ducker()
    try:
        return WebrtcCanceller()
    except MissingError as error:
        log.warning("%s Until then the microphone is quiet while the speaker sounds.", error)
        return Ducker()
