"""The doorbell's sound cards: opened together, watched, and opened again when one went away.

All of that happens on a thread of its own, because PortAudio may take its time and a dead card may
never answer; the parts only look at what the thread has found.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Mapping

from hardware.errors import HardwareError, StalledError
from hardware.pi.sound_losses import Losses, LossReport
from hardware.pi.sound_names import Way, kernel_cards
from hardware.pi.sound_streams import Ends, OpenCards

# A card that has not called for this long is gone. Whoever talks hears of it within two seconds.
STALL_TIMEOUT_S = 1.2
WATCH_EVERY_S = 0.2
# A try to open takes PortAudio up to a second.
RETRY_FIRST_S, RETRY_LIMIT_S = 0.5, 10.0
# And it mutes a direction that works; a card that is plugged in is noticed without a try.
BESIDE_LIMIT_S = 60.0
# After the kernel has a card, udev says who may use it.
SETTLE_S = 0.5
# PortAudio asks every name in ALSA's configuration; some take seconds when a card is broken.
OPEN_LIMIT_S = 10.0
CLOSE_LIMIT_S = 3.0
# One that is gone is closed in no time, or does not answer; somebody waits to hear of it.
CLOSE_LOST_LIMIT_S = 0.2

_log = logging.getLogger(__name__)


class SoundCard:
    """The cards by parts of their names (None: the system's default) and who uses them.

    Parts put themselves into `ends`. Both directions are open from the first that is held until
    the last is let go. `losses` counts.
    """

    def __init__(self, name: str | None, output: str | None = None) -> None:
        """`output`: of the speaker's, where it is another card."""
        self._names: dict[Way, str | None] = {"input": name, "output": output or name}
        self._holders: set[Way] = set()
        # Of those who hold and let go; the keeper never takes it.
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._keeper: threading.Thread | None = None
        self._errors: dict[Way, HardwareError] | None = None
        self._refused = _Refused({})
        self.ends = Ends()
        self.losses = Losses()
        self._report = LossReport(self.losses)
        self.duplex = False

    async def hold(self, way: Way) -> None:
        """Open the cards unless they are. Raises what is wrong with this direction's."""
        await asyncio.to_thread(self._hold, way)

    async def let_go(self, way: Way) -> None:
        """Close the cards if nobody holds them any more."""
        await asyncio.to_thread(self._let_go, way)

    def check(self, way: Way) -> None:
        """Raise what is wrong with a direction now; nothing while it works."""
        _raise(self._errors or {}, way)

    def _hold(self, way: Way) -> None:
        with self._turn:
            self._holders.add(way)
            try:
                if self._keeper is None:
                    self._refused.check(way)
                self._have_keeper()
                self.check(way)
            except HardwareError:
                self._release(way)
                raise

    def _have_keeper(self) -> None:
        if self._keeper is not None and (self._stop.is_set() or not self._keeper.is_alive()):
            self._end_keeper(CLOSE_LIMIT_S)
        if self._keeper is None:
            self._stop.clear()
            self._keeper = threading.Thread(target=self._keep, name="sound card", daemon=True)
            self._keeper.start()
        with self._changed:
            opened = self._changed.wait_for(lambda: self._errors is not None, OPEN_LIMIT_S)
        # A second keeper beside one that hangs would crash PortAudio.
        if not opened or self._stop.is_set():
            raise StalledError("The sound card does not answer. Unplug it, and plug it in.")

    def _let_go(self, way: Way) -> None:
        with self._turn:
            self._release(way)

    def _release(self, way: Way) -> None:
        self._holders.discard(way)
        if self._holders or self._keeper is None or self._stop.is_set():
            return
        self._refused = _Refused(self._errors or {})
        self._stop.set()
        self._end_keeper(CLOSE_LOST_LIMIT_S if self._errors else CLOSE_LIMIT_S)

    def _end_keeper(self, limit_s: float) -> None:
        """It has been told to stop; one that hangs is asked again by the next who wants it."""
        if self._keeper is not None:
            self._keeper.join(limit_s)
            if not self._keeper.is_alive():
                self._keeper = self._errors = None

    def _keep(self) -> None:
        """Open, watch, close, and again, until told to stop."""
        pauses = _pauses()
        while not self._stop.is_set():
            pause_s = next(pauses)
            cards, began_s = kernel_cards(), time.monotonic()
            with OpenCards(self._names, self.ends, self.losses) as opened:
                self._say(opened)
                lost = self._watch(opened, cards, pause_s)
            changed = kernel_cards() != cards
            if changed or time.monotonic() - began_s > BESIDE_LIMIT_S:
                pauses = _pauses()
            if lost or changed:
                self._stop.wait(SETTLE_S if changed else pause_s)

    def _say(self, opened: OpenCards) -> None:
        with self._changed:
            self._errors, self.duplex = opened.errors, opened.duplex
            self._changed.notify_all()
        _log.debug("sound cards: both directions in one stream: %s", self.duplex)

    def _watch(self, opened: OpenCards, cards: str, pause_s: float) -> bool:
        """Until a card goes away (True), or it is time to look for one that is missing."""
        limit_s = RETRY_LIMIT_S if len(opened.errors) > 1 else BESIDE_LIMIT_S
        retry_at_s = time.monotonic() + min(pause_s, limit_s)
        while not self._stop.wait(WATCH_EVERY_S):
            self._report.tick()
            if gone := opened.stopped(STALL_TIMEOUT_S):
                self._lose(gone)
                return True
            if opened.errors and (kernel_cards() != cards or time.monotonic() > retry_at_s):
                return False
        return False

    def _lose(self, ways: tuple[Way, ...]) -> None:
        errors: dict[Way, HardwareError] = {way: _lost(way) for way in ways}
        with self._changed:
            self._errors = {**(self._errors or {}), **errors}
        if self.ends.microphone and "input" in errors:
            self.ends.microphone.lost(errors["input"])


class _Refused:
    """Why the cards could not be had; while none is plugged in, asking again would only cost."""

    def __init__(self, errors: Mapping[Way, HardwareError]) -> None:
        self._errors, self._cards = errors, kernel_cards()
        self._until_s = time.monotonic() + RETRY_LIMIT_S

    def check(self, way: Way) -> None:
        """Raise what was wrong with a direction, if that is still so."""
        if self._cards and self._cards == kernel_cards() and time.monotonic() < self._until_s:
            _raise(self._errors, way)


def _raise(errors: Mapping[Way, HardwareError], way: Way) -> None:
    if error := errors.get(way):
        # A new one each time: an error that is raised again grows by its traceback.
        raise type(error)(str(error))


def _lost(way: Way) -> StalledError:
    part = "microphone" if way == "input" else "speaker"
    return StalledError(
        f"The {part}'s sound card is gone. Check its plug; sound comes back by itself."
    )


def _pauses() -> Iterator[float]:
    pause_s = RETRY_FIRST_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, BESIDE_LIMIT_S)
