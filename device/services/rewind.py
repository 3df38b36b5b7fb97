"""Looking back: what the door saw a moment ago, as a file for the phones that ask.

While a visit is open it is the visit's own beginning: the seconds before the first sign of
someone, or before the press, and what followed. Without a visit it is the last seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from device.services.door_media import DoorMedia
from device.services.made_files import MadeFile, MadeFiles
from device.services.visit_frames import VisitFrames
from media.fmp4 import ClipError
from media.frames import EncodedFrame
from media.hub import monotonic_us
from media.whole_clip import WholeClip, whole_clip
from protocol.door import Phone
from protocol.files import FILE_LIMIT_BYTES
from protocol.link import Occurrence, VisitMoment

log = logging.getLogger(__name__)

# Phones that ask this close together get the same file; nobody misses a second of ten.
SAME_US = 1_000_000
FORGET_EVERY_S = 10.0
# Half a minute is put together in some 30 ms, on a small board in 300.
BUILD_LIMIT_S = 20.0
# What tells one file from another; the whole hash is longer than the protocol's versions need.
VERSION_CHARACTERS = 32

_AWAY = "The doorbell is starting or stopping. Try again in a moment."
_NO_PICTURES = "The camera has sent no pictures yet. Try again when the live picture is there."
_FAILED = "The last seconds could not be put together. Try again."
_TOO_LARGE = "The last seconds are larger than a call carries. Lower camera.bitrate_bps."
_NO_RIGHT = (
    "This phone may not look back at visits. A phone that administers the household can allow it."
)


class NoRewindError(Exception):
    """There is nothing to look back at; the text says why."""


class Rewind:
    """Keeps a visit's frames, and makes files. `run()` is the parent of its work.

    `find(id)` gives a phone as the household knows it now. `opened`, `closed` and `occurred` are
    told by the doorbell.
    """

    def __init__(
        self,
        media: DoorMedia,
        find: Callable[[str], Phone | None] | None = None,
        clock_us: Callable[[], int] = monotonic_us,
    ) -> None:
        self._media = media
        self._find = find
        self._clock_us = clock_us
        self._made = MadeFiles(time.monotonic)
        self._visit: str | None = None
        self._rung = False
        self._kept: VisitFrames | None = None
        # The newest file's version, its last picture, and how often `_kept` had changed by then.
        self._newest: tuple[str, int, int] | None = None
        self._changes = 0
        self._building: asyncio.Future[MadeFile] | None = None
        self._group: asyncio.TaskGroup | None = None

    @property
    def held_bytes(self) -> int:
        """What is in memory for looking back; the frames may be in the hubs as well."""
        return self._made.size_bytes + (self._kept.size_bytes if self._kept else 0)

    def opened(self, visit: str) -> None:
        """Somebody is there: from now on the visit's frames stay."""
        self._visit, self._rung = visit, False
        self._keep()

    def occurred(self, what: Occurrence) -> None:
        """The first press is what a visit is about; so is one long after what is kept."""
        if not isinstance(what, VisitMoment) or what.moment.what != "rang":
            return
        if what.visit == self._visit and (not self._rung or self._kept is None or self._kept.full):
            self._rung = True
            self._keep()

    def closed(self, visit: str) -> None:
        """The visit's frames are let go."""
        if visit == self._visit:
            self._visit = None
            self._let_go()

    def refusal(self, phone: Phone, answers: str | None) -> str | None:
        """Why this phone may not look back, or None.

        It takes the right `history`; the phone that answered the open visit may see how that
        visit began with `view` alone.
        """
        known = self._find(phone.id) if self._find is not None else phone
        rights = known.rights if known is not None else ()
        if "history" in rights:
            return None
        own = answers is not None and answers == self._visit
        return None if own and "view" in rights else _NO_RIGHT

    async def make(self) -> MadeFile:
        """The file of this moment; those who ask together get the same. Raises NoRewindError."""
        if self._building is None:
            if (ready := self._ready()) is not None:
                return ready
            if self._group is None:
                raise NoRewindError(_AWAY)
            self._building = asyncio.get_running_loop().create_future()
            self._group.create_task(self._build(self._building))
        # Whoever gives up waiting leaves the work to the others.
        return await asyncio.shield(self._building)

    def recall(self, version: str) -> MadeFile | None:
        """A file that was made before, when it is still there."""
        return self._made.find(version)

    def hold(self, file: MadeFile) -> None:
        """A phone has taken of this file until now; it may come back for the rest."""
        self._made.hold(file)

    async def run(self) -> NoReturn:
        """Keep and make until cancelled; then let everything go."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                while True:
                    await asyncio.sleep(FORGET_EVERY_S)
                    self._made.forget_old()
        finally:
            self._group = None
            self._let_go()
            self._made.clear()

    def _keep(self) -> None:
        self._let_go()
        if self._group is not None:
            self._kept = VisitFrames(self._media.video, self._media.sound, self._clock_us())
            for fill in self._kept.fillers():
                self._group.create_task(fill)

    def _let_go(self) -> None:
        self._changes += 1
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _frames(self) -> tuple[Sequence[EncodedFrame], Sequence[EncodedFrame]]:
        if self._kept is not None:
            return tuple(self._kept.pictures), tuple(self._kept.sounds)
        return self._media.video.pre_roll(), self._media.sound.pre_roll()

    def _ready(self) -> MadeFile | None:
        """The newest file when it shows what a new one would, but for its last second."""
        pictures, _ = self._frames()
        if self._newest is None or not pictures:
            return None
        version, ends_us, changes = self._newest
        fresh = changes == self._changes and pictures[-1].at_us - ends_us < SAME_US
        return self._made.find(version) if fresh else None

    async def _build(self, done: asyncio.Future[MadeFile]) -> None:
        try:
            async with asyncio.timeout(BUILD_LIMIT_S):
                file = await self._put_together()
            if not done.done():
                done.set_result(file)
        except NoRewindError as error:
            _fail(done, str(error))
        except (ClipError, TimeoutError) as error:
            log.warning("looking back failed: %s", error)
            _fail(done, _FAILED)
        finally:
            self._building = None
            _fail(done, _AWAY)

    async def _put_together(self) -> MadeFile:
        pictures, sounds = self._frames()
        if not pictures:
            raise NoRewindError(_NO_PICTURES)
        changes = self._changes
        file = await asyncio.to_thread(_finished, pictures, sounds)
        if len(file.data) > FILE_LIMIT_BYTES:
            raise NoRewindError(_TOO_LARGE)
        self._made.hold(file)
        self._newest = (file.version, pictures[-1].at_us, changes)
        return file


def _finished(pictures: Sequence[EncodedFrame], sounds: Sequence[EncodedFrame]) -> MadeFile:
    clip = whole_clip(pictures, sounds)
    sha256 = hashlib.sha256(clip.data).hexdigest()
    return MadeFile(
        version=sha256[:VERSION_CHARACTERS],
        data=clip.data,
        starts_ms=_unix_ms(clip),
        duration_ms=clip.duration_ms,
        sha256=sha256,
    )


def _unix_ms(clip: WholeClip) -> int:
    """The wall's time of the first picture, by the wall clock as it is now."""
    age_us = monotonic_us() - clip.starts_us
    return max(0, (time.time_ns() // 1000 - age_us) // 1000)


def _fail(done: asyncio.Future[MadeFile], reason: str) -> None:
    if not done.done():
        done.set_exception(NoRewindError(reason))
        # Perhaps nobody waits any more.
        done.exception()
