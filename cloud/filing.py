"""What the recorder finishes goes to the shelf, into the book of visits, and to the phones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from cloud.recorder.ports import OWN_VISIT, StillPictures
from cloud.store.clips import ClipStore, clip_key, preview_key, snapshot_key
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
        tell: Callable[[VisitEvent], None],
    ) -> None:
        self._clips = clips
        self._visits = visits
        self._tell = tell

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
        if visit.startswith(OWN_VISIT):
            ends_ms = clip.starts_ms + clip.duration_ms
            self._tell_if_any(await self._visits.end(doorbell, visit, ends_ms))

    async def recording_started(self, doorbell: str, visit: str, starts_ms: int) -> None:
        """The first picture has come; a recording that no doorbell announced is a visit now."""
        log.info("visit %s of doorbell %s is being recorded", visit, doorbell)
        if visit.startswith(OWN_VISIT):
            self._tell_if_any(await self._visits.begin(doorbell, visit, starts_ms))

    async def moment(self, visit: str) -> int:
        """What the picture of a visit should show, in milliseconds of its clip."""
        found = await self._visits.get(visit)
        if found is None or found.clip is None:
            return 0
        return max(0, (found.rang_ms or found.opened_ms) - found.clip.starts_ms)

    async def stills_made(self, doorbell: str, visit: str, stills: StillPictures) -> None:
        """Keep the strip, and the picture when the doorbell has sent none; tell the phones."""
        found = await self._visits.get(visit)
        if found is None or found.doorbell != doorbell:
            return
        keys = [preview_key(doorbell, visit)]
        await self._clips.put(keys[0], stills.strip)
        event = await self._visits.set_preview(doorbell, visit, stills.preview, stills.size_bytes)
        self._tell_if_any(event)
        if not found.snapshot:
            keys.append(snapshot_key(doorbell, visit))
            await self._clips.put(keys[1], stills.picture)
            event = await self._visits.set_snapshot(doorbell, visit, found.opened_ms)
            self._tell_if_any(event)
        if await self._visits.get(visit) is None:
            # Deleted meanwhile.
            for key in keys:
                await self._clips.delete(key)

    def _tell_if_any(self, event: VisitEvent | None) -> None:
        if event is not None:
            self._tell(event)
