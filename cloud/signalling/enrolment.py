"""Which doorbells are served: the first that connects, and those that the settings list."""

from __future__ import annotations

import logging

from cloud.shared.auth import DoorbellCaller
from cloud.shared.settings import Doorbells
from cloud.store.roster import KnownDoorbell, Roster
from protocol.base import PROTOCOL_VERSION
from protocol.link import Hello, Refused

log = logging.getLogger(__name__)


class Enrolment:
    """Decides about a doorbell that said hello, and writes it down."""

    def __init__(self, settings: Doorbells, roster: Roster) -> None:
        self._settings = settings
        self._roster = roster

    async def admit(self, caller: DoorbellCaller, hello: Hello, now_ms: int) -> Refused | None:
        """Know the doorbell from now on; or why not."""
        if hello.version > PROTOCOL_VERSION:
            return Refused(
                detail=f"This server speaks version {PROTOCOL_VERSION} of the protocol, the "
                f"doorbell {hello.version}. Update the server.",
                retry=True,
            )
        if self._roster.doorbell(caller.id):
            await self._roster.saw(caller.id, hello.name, now_ms)
        elif self._may_join(caller.id):
            log.info("doorbell %s is served from now on", caller.id)
            await self._roster.adopt(KnownDoorbell(caller.id, caller.key, hello.name, now_ms))
        else:
            return _unlisted(caller.id)
        return None

    def _may_join(self, doorbell: str) -> bool:
        if doorbell in self._settings.allowed:
            return True
        return self._settings.enrolment == "first" and self._roster.empty


def _unlisted(doorbell: str) -> Refused:
    detail = f"This server already has its doorbell. Add {doorbell} to doorbells.allowed there."
    return Refused(detail=detail, retry=True)
