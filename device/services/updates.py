"""Updates of the doorbell's own software: looked for, offered, downloaded, and asked for.

This process has the network and no rights; who installs has the rights and no network. Between
them is a folder. Both check every signature for themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import random
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from device.core.access import LocalTime
from device.services.ledger import Ledger
from device.services.retry import Backoff
from device.services.update_mailbox import UpdateMailbox, is_whole
from device.services.update_source import NoUpdateError, Offer, UpdateSource
from protocol.identity import PublicKey
from protocol.updates import OfferStep, Progress, SoftwareView, UpdateTrouble, Wish, order

log = logging.getLogger(__name__)

# All doorbells of a street come back at once after a power cut; they do not ask at once.
FIRST_LOOK_S = (120.0, 1800.0)
DAILY_S = (20 * 3600.0, 28 * 3600.0)
# Somebody taps "look" again and again.
LOOK_AT_MOST_EVERY_S = 10.0
# While something is under way, and otherwise.
FOLLOW_EVERY_S, REST_EVERY_S = 1.0, 30.0
# A line that breaks off is tried so often before a person hears of it.
DOWNLOAD_TRIES = 6
FIRST_RETRY_S, LONGEST_RETRY_S = 2.0, 60.0
# Clips and the log want to write as well.
SPARE_BYTES = 64 * 1024 * 1024
# Whoever installs verifies a bundle in seconds, and says at once what it does then.
SILENCE_LIMIT_S = 600.0
# In these minutes since midnight nobody minds a minute without a doorbell.
NIGHT = range(2 * 60, 5 * 60)

_OFF = "Nothing says where updates come from. Set updates.url, or update the package."
_NO_KEYS = (
    "This doorbell trusts no key for updates, so it installs none. Put one into updates.keys, or"
    " update the package."
)
_NOT_OFFERED = "This version is not offered any more. Look for updates again."
_SILENT = (
    "The update waits, but nothing installs it."
    " Check `systemctl status doorstep-update.path` on the doorbell."
)
_UNDER_WAY = "An update is under way already."


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When what is done; tests have their own."""

    first_look_s: tuple[float, float] = FIRST_LOOK_S
    daily_s: tuple[float, float] = DAILY_S
    follow_every_s: float = FOLLOW_EVERY_S
    rest_every_s: float = REST_EVERY_S


class Updates:
    """`view()` at any time; `look` and `install` as admins wish; `run` does the work."""

    def __init__(
        self,
        source: UpdateSource | None,
        keys: tuple[PublicKey, ...],
        mailbox: UpdateMailbox,
        installed: str,
        *,
        busy: Callable[[], bool],
        local: Callable[[], LocalTime],
        ledger: Ledger,
        automatic: bool = False,
        rhythm: Rhythm | None = None,
    ) -> None:
        """Without a source or a key updates are off."""
        self._source, self._keys, self._mailbox = source, keys, mailbox
        self._installed, self._automatic = installed, automatic
        self._busy, self._local, self._ledger = busy, local, ledger
        self._rhythm = rhythm or Rhythm()
        self._offer: Offer | None = None
        self._wanted: Offer | None = None
        self._step: OfferStep = "none"
        self._percent: int | None = None
        self._trouble: tuple[UpdateTrouble, str] | None = None
        self._progress = Progress()
        self._posted, self._posted_at = "", 0.0
        self._go = asyncio.Event()
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._listeners: list[Callable[[SoftwareView], None]] = []
        self._told: SoftwareView | None = None

    @property
    def enabled(self) -> bool:
        return self._source is not None and bool(self._keys)

    def watch(self, listener: Callable[[SoftwareView], None]) -> None:
        """Call `listener` at every change; it returns at once and does not raise."""
        self._listeners.append(listener)

    def view(self, number: int = 0) -> SoftwareView:
        """How it stands, as the reply to request `number`."""
        trouble, detail = self._trouble_now()
        manifest = self._offer.manifest if self._offer else None
        return SoftwareView(
            id=number,
            enabled=self.enabled,
            installed=self._installed,
            latest=manifest.version if manifest else "",
            notes=manifest.notes if manifest else "",
            step=self._step_now(),
            percent=self._percent,
            automatic=self._automatic,
            rolled_back=self._progress.rolled_back,
            failed=self._progress.failed,
            trouble=trouble,
            detail=detail,
        )

    async def look(self) -> None:
        """Ask the source now, unless somebody has just done so."""
        source = self._source
        now = asyncio.get_running_loop().time()
        if source is None or not self._keys or now - self._looked_at < LOOK_AT_MOST_EVERY_S:
            return
        async with self._looking:
            self._looked_at = now
            try:
                offer = await source.newest(self._keys)
            except NoUpdateError as error:
                self._fail(error.trouble, str(error))
            else:
                self._take(offer)
        self._tell()

    def install(self, version: str = "", who: str = "", name: str = "") -> str:
        """Want the offered version; why that cannot be, or nothing. `who` stands in the log."""
        if not self.enabled:
            return self._trouble_now()[1]
        if self._offer is None or version not in ("", self._offer.manifest.version):
            return _NOT_OFFERED
        if self._step_now() not in ("none", "offered"):
            return _UNDER_WAY
        self._wanted, self._trouble = self._offer, None
        wanted = self._offer.manifest.version
        self._ledger.note(
            "update_wanted", who=who, name=name,
            detail=f"From version {self._installed} to version {wanted}.",
        )  # fmt: skip
        self._go.set()
        return ""

    async def run(self) -> NoReturn:
        """Look, download and follow until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self.enabled:
                group.create_task(self._look_daily())
                group.create_task(self._obey())
            await self._follow()

    # Looking.

    async def _look_daily(self) -> NoReturn:
        await asyncio.sleep(random.uniform(*self._rhythm.first_look_s))
        while True:
            await self.look()
            await asyncio.sleep(random.uniform(*self._rhythm.daily_s))

    def _take(self, offer: Offer | None) -> None:
        if offer is not None and order(offer.manifest.version) <= order(self._installed):
            offer = None
        if offer is not None and (self._offer is None or offer.signed != self._offer.signed):
            log.info("version %s is offered", offer.manifest.version)
        self._offer, self._trouble = offer, None

    # Downloading and asking.

    async def _obey(self) -> NoReturn:
        while True:
            await self._go.wait()
            self._go.clear()
            if (offer := self._wanted) is not None:
                await self._fetch_and_ask(offer)
            self._wanted, self._percent, self._step = None, None, "none"
            self._tell()

    async def _fetch_and_ask(self, offer: Offer) -> None:
        try:
            await self._fetch(offer)
            self._step = "waiting"
            self._tell()
            await self._until_quiet()
            wish = Wish(id=secrets.token_urlsafe(12), do="install", bundle=offer.manifest.file_name)
            await asyncio.to_thread(self._mailbox.post, wish)
        except NoUpdateError as error:
            self._fail(error.trouble, str(error))
        except OSError as error:
            log.warning("an update cannot be kept: %s", error)
            self._fail("read_only" if error.errno == errno.EROFS else "space", _no_disk(error))
        else:
            log.info("version %s is to be installed", offer.manifest.version)
            self._await_installer(wish.id)

    async def _fetch(self, offer: Offer) -> None:
        self._step, self._percent = "downloading", 0
        self._tell()
        bundle = self._mailbox.bundle(offer.manifest)
        part = bundle.with_name(f"{bundle.name}.part")
        await asyncio.to_thread(self._make_room, offer, bundle)
        if not bundle.exists():
            await self._download(offer, part)
            await asyncio.to_thread(part.replace, bundle)
        if not await asyncio.to_thread(is_whole, bundle, offer.signed, offer.manifest):
            await asyncio.to_thread(bundle.unlink)
            raise NoUpdateError(
                "broken", "The update was damaged on its way, or changed. Download it again."
            )
        self._percent = None

    async def _download(self, offer: Offer, part: Path) -> None:
        if (source := self._source) is None:
            raise NoUpdateError("off", _OFF)
        backoff = Backoff(FIRST_RETRY_S, LONGEST_RETRY_S)
        for left in reversed(range(DOWNLOAD_TRIES)):
            try:
                return await source.download(offer, part, self._count, self._until_quiet)
            except NoUpdateError as error:
                if error.trouble != "network":
                    await asyncio.to_thread(part.unlink, missing_ok=True)
                if error.trouble != "network" or not left:
                    raise
            await asyncio.sleep(backoff.next_s())
        return None

    def _make_room(self, offer: Offer, bundle: Path) -> None:
        self._mailbox.open()
        self._mailbox.clear(keep=bundle.name)
        free = shutil.disk_usage(self._mailbox.folder).free
        if free < offer.size + SPARE_BYTES:
            raise NoUpdateError(
                "space",
                f"The update needs {(offer.size + SPARE_BYTES) // 2**20} MB and {free // 2**20} MB"
                " are free. Free some of the card and try again.",
            )

    def _count(self, percent: int) -> None:
        if percent != self._percent:
            self._percent = percent
            self._tell()

    async def _until_quiet(self) -> None:
        """A visit needs the network, and afterwards the doorbell, more than an update does."""
        while self._busy():  # noqa: ASYNC110 - visits and calls tell nobody when they are over
            await asyncio.sleep(self._rhythm.follow_every_s)

    # Following who installs.

    async def _follow(self) -> NoReturn:
        with contextlib.suppress(OSError):
            wish = await asyncio.to_thread(self._mailbox.wish)
            if wish is not None:
                self._await_installer(wish.id)
        while True:
            found = await asyncio.to_thread(self._mailbox.progress)
            self._progress = found or self._progress
            if self._posted and self._progress.wish == self._posted:
                self._posted = ""
                await asyncio.to_thread(self._tidy)
            self._mind_silence()
            self._tell()
            self._go_by_itself()
            under_way = self._step_now() not in ("none", "offered")
            rhythm = self._rhythm
            await asyncio.sleep(rhythm.follow_every_s if under_way else rhythm.rest_every_s)

    def _await_installer(self, wish: str) -> None:
        self._posted, self._posted_at = wish, asyncio.get_running_loop().time()

    def _mind_silence(self) -> None:
        if not self._posted or self._progress.step != "idle":
            return
        if asyncio.get_running_loop().time() - self._posted_at > SILENCE_LIMIT_S:
            self._posted = ""
            self._fail("fault", _SILENT)

    def _tidy(self) -> None:
        with contextlib.suppress(OSError):
            self._mailbox.done()

    def _go_by_itself(self) -> None:
        """At night, if that is wished; never a second time what failed before."""
        offer, now = self._offer, self._local()
        if not self._automatic or offer is None or not now.trusted or now.minute not in NIGHT:
            return
        if offer.manifest.version != self._progress.failed and not self._busy():
            self.install()

    # Telling.

    def _step_now(self) -> OfferStep:
        if self._posted or self._progress.step != "idle":
            return "installing"
        if self._wanted is not None:
            return self._step if self._step != "none" else "downloading"
        return "none" if self._offer is None else "offered"

    def _trouble_now(self) -> tuple[UpdateTrouble | None, str]:
        if self._source is None:
            return "off", _OFF
        if not self._keys:
            return "keys", _NO_KEYS
        return self._trouble or (self._progress.trouble, self._progress.detail)

    def _fail(self, trouble: UpdateTrouble, sentence: str) -> None:
        log.warning("%s", sentence)
        self._trouble = (trouble, sentence[:300])

    def _tell(self) -> None:
        view = self.view()
        if view != self._told:
            self._told = view
            for listener in self._listeners:
                listener(view)


def _no_disk(error: OSError) -> str:
    return (
        f"The update cannot be kept on the card ({error.strerror or error})."
        " Free some of it, or restart the doorbell if it has become read-only."
    )
