"""Telling systemd how the service is (sd_notify(3)); silent when nobody listens."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

from protocol.door import DoorState

log = logging.getLogger(__name__)


class Health:
    """READY, STATUS, WATCHDOG and STOPPING over the socket that the service manager named."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        period_us = environment.get("WATCHDOG_USEC", "")
        self._watchdog_s = int(period_us) / 1e6 if period_us.isdigit() else 0.0

    def ready(self) -> None:
        """Every port is open; the doorbell would ring."""
        self._say("READY=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def state(self, door: DoorState) -> None:
        """One line for `systemctl status`."""
        self._say(f"STATUS={summary(door)}")

    async def run(self) -> None:
        """Feed the watchdog, twice per period, for as long as the event loop moves."""
        while self._watchdog_s:
            self._say("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 2)

    def _say(self, text: str) -> None:
        if not self._address:
            return
        # A leading @ stands for Linux' abstract namespace.
        address = self._address.replace("@", "\0", 1)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(text.encode(), address)
        except OSError as error:
            log.warning("the service manager does not listen: %s", error)


def summary(door: DoorState) -> str:
    """The door in one line: what does not work, or that all is well."""
    if not door.faults:
        return "Ringing" if door.ringing else "Ready"
    return "Ready, without " + ", ".join(fault.part for fault in door.faults)
