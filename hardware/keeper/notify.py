"""The keeper's word to systemd, sd_notify(3); silent when nobody listens."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """READY, STATUS and WATCHDOG over the socket that the service manager named."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        # A leading @ stands for Linux' abstract namespace.
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        period_us = environment.get("WATCHDOG_USEC", "")
        self.period_s = int(period_us) / 1e6 / 2 if period_us.isdigit() else None
        """How often `alive` is to be said, if at all: twice in the watchdog's time."""

    def ready(self) -> None:
        self._say("READY=1")

    def status(self, words: str) -> None:
        self._say(f"STATUS={words}")

    def alive(self) -> None:
        self._say("WATCHDOG=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            try:
                line.sendto(text.encode(), self._address)
            except OSError as error:
                print(f"the service manager does not listen: {error}", flush=True)
