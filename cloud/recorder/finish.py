"""From parts to a clip in the store: joined, kept, announced, and tidied away later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from cloud.recorder.join import join
from cloud.recorder.ports import Keep, Limits, OnClip, VisitKey
from cloud.recorder.spool import Part, Spool
from cloud.recorder.threads import DiskThreads
from protocol.door import Clip

log = logging.getLogger(__name__)

# A clip of a quarter of an hour at 2 Mbit/s is 225 MB; a slow object store takes this long.
FINISH_LIMIT_S = 300.0
# How often what could not be finished is tried again, and what is old is removed.
TIDY_S = 30.0


class Finisher:
    """Makes clips of visits whose sessions have ended. One visit at a time."""

    def __init__(
        self,
        spool: Spool,
        disk: DiskThreads,
        keep: Keep,
        on_clip: OnClip,
        on_file: Callable[[VisitKey, Path], None],
        limits: Limits,
        is_open: Callable[[VisitKey], bool],
    ) -> None:
        """`on_file` owns the file of a stored clip from then on, and removes it."""
        self._spool = spool
        self._disk = disk
        self._keep = keep
        self._on_clip = on_clip
        self._on_file = on_file
        self._limits = limits
        self._is_open = is_open
        self._turn = asyncio.Lock()
        self._waiting: set[VisitKey] = set()
        self._settled_at: dict[VisitKey, float] = {}

    async def finish(self, key: VisitKey) -> None:
        """Make and store the clip of a visit. A failure is logged and tried again later."""
        self._waiting.add(key)
        if self._is_open(key):
            return
        try:
            async with asyncio.timeout(FINISH_LIMIT_S), self._turn:
                await self._make(key)
        except Exception as error:  # noqa: BLE001 - whatever the store raises, the parts are safe
            log.warning("the clip of visit %s is not stored yet: %r", key.visit, error)

    async def recover(self) -> None:
        """Finish what an earlier process left behind."""
        for key, file in await self._disk.make(self._spool.set_aside_before):
            self._on_file(key, file)
        for key in await self._disk.make(self._spool.visits):
            if await self._disk.make(partial(self._spool.is_kept, key)):
                self._settle(key)
            else:
                log.info("visit %s was left unfinished", key.visit)
                await self.finish(key)

    async def tidy(self) -> None:
        """Try again what failed, remove what is stored and old; without end."""
        while True:
            await asyncio.sleep(TIDY_S)
            for key in list(self._waiting):
                await self.finish(key)
            old = asyncio.get_running_loop().time() - self._limits.kept_s
            for key, at in list(self._settled_at.items()):
                if at < old and not self._is_open(key):
                    del self._settled_at[key]
                    with suppress(OSError):
                        await self._disk.make(partial(self._spool.remove, key))

    async def _make(self, key: VisitKey) -> None:
        disk, target = self._disk, self._spool.joined(key)
        parts = await disk.make(partial(self._spool.parts, key))
        clip = await disk.make(partial(join, parts, target)) if parts else None
        if clip is not None:
            try:
                await self._keep(key.doorbell, key.visit, target)
                await self._on_clip(key.doorbell, key.visit, clip)
                self._on_file(key, await disk.make(partial(self._spool.set_aside, key)))
            finally:
                await disk.make(partial(target.unlink, missing_ok=True))
            _log_clip(key, parts, clip)
        if parts:
            await disk.make(partial(self._spool.mark_kept, key))
        self._settle(key)

    def _settle(self, key: VisitKey) -> None:
        self._waiting.discard(key)
        self._settled_at[key] = asyncio.get_running_loop().time()


def _log_clip(key: VisitKey, parts: list[Part], clip: Clip) -> None:
    log.info(
        "clip of visit %s: %d ms from %d parts, %d gaps",
        key.visit, clip.duration_ms, len(parts), clip.gaps,
    )  # fmt: skip
