"""What the recorder finishes goes to the shelf, into the book of visits, and to the phones."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import Request

from cloud.shared.auth import Gate
from cloud.shared.problems import ProblemError
from cloud.store.clips import ClipStore, clip_key
from cloud.store.roster import Roster, served_doorbell
from cloud.store.visits import Visits
from protocol.api import VisitEvent
from protocol.door import Clip

log = logging.getLogger(__name__)


class ClipFiling:
    """The recorder's ports, carried out by the store."""

    def __init__(
        self,
        clips: ClipStore,
        visits: Visits,
        roster: Roster,
        tell: Callable[[VisitEvent], None],
    ) -> None:
        self._clips = clips
        self._visits = visits
        self._roster = roster
        self._tell = tell

    def authorise_with(self, gate: Gate) -> Callable[[Request, str], Awaitable[None]]:
        """Lets a doorbell record for itself only."""

        async def authorise(request: Request, doorbell: str) -> None:
            if served_doorbell(gate, self._roster, request) != doorbell:
                detail = "The token is another doorbell's."
                raise ProblemError(403, "Not allowed", detail)

        return authorise

    async def keep(self, doorbell: str, visit: str, file: Path) -> None:
        """Put a finished file on the shelf."""
        await self._clips.put(clip_key(doorbell, visit), file)

    async def clip_stored(self, doorbell: str, visit: str, clip: Clip) -> None:
        """Write it down and tell the phones; the clip of a deleted visit goes as well."""
        event = await self._visits.set_clip(doorbell, visit, clip)
        if event is None:
            await self._clips.delete(clip_key(doorbell, visit))
            return
        self._tell(event)

    async def recording_started(self, doorbell: str, visit: str, starts_ms: int) -> None:
        """The first picture has come."""
        log.info("visit %s of doorbell %s is being recorded", visit, doorbell)
