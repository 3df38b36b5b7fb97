"""How fast a file may go beside the live picture. Pure: times and measurements are passed in.

SCTP itself only slows down when something is lost, and until then fills every queue on the way:
the picture would come seconds late. So the pace follows the round trip of the call's pulses,
which wait in the same queues: faster while it stays near the smallest one seen, half as fast
when it does not (the idea of RFC 6817, with pulses for acknowledgements).
"""

from __future__ import annotations

import itertools
import math
from collections import deque

from protocol.latest import Statistics

# What a narrow network takes without harm until the first answers count.
START_BPS = 300_000
# A trickle beside a picture of 350 kbit/s on a network of 600 kbit/s.
FLOOR_BPS = 100_000
# Four times as fast as the default picture; a small board would spend its time on nothing else.
CEILING_BPS = 8_000_000
# For a phone that answers no pulses: ten seconds at 2 Mbit/s take twenty.
UNHEARD_BPS = 1_000_000
# How much faster after STEP_S of calm: a second and a half from the start to the ceiling.
GROWTH = 1.7
# Once the network's width has been felt, it is approached more slowly, to be felt less.
CAREFUL_GROWTH = 1.25
# The answers of a slower pace are not here before; until then it is not judged again.
STEP_S = 0.2
# More waiting than this is more than the pulses' own scatter on a radio network.
CALM_S = 0.025
CROWDED_S = 0.05
# A queue makes all of so many pulses late; what stops a phone or a radio for a moment does not.
LATE_IN_A_ROW = 3
# The smallest round trip is looked for in the last half minute, at ten pulses a second.
REMEMBERED = 300
# Ten pulses without an answer: the network is full, or gone.
SILENT_S = 1.0
# Radio loses a few packets at any pace; this many are a full queue.
LOST_SHARE = 0.1


class FilePace:
    """`begin()` at each file, `heard()` at each answer to a pulse; then ask for `bps`."""

    def __init__(self) -> None:
        self._bps = float(START_BPS)
        self._growth = GROWTH
        self._sending = False
        self._round_trips_s: deque[float] = deque(maxlen=REMEMBERED)
        self._heard_s: float | None = None
        self._slowed_s = -math.inf
        self._last: Statistics | None = None

    def begin(self) -> None:
        """A file begins: nothing is known of how much of it the network takes."""
        self._bps, self._growth, self._sending = START_BPS, GROWTH, True

    def end(self) -> None:
        """No file is on its way."""
        self._sending = False

    def heard(self, statistics: Statistics, round_trip_s: float | None, now_s: float) -> None:
        """A pulse was answered."""
        lost = self._lost_share(statistics)
        since_s = now_s - self._heard_s if self._heard_s is not None else 0.0
        self._last, self._heard_s = statistics, now_s
        if round_trip_s is None:
            return
        self._round_trips_s.append(round_trip_s)
        if self._crowded() or lost > LOST_SHARE:
            self._slow_down(now_s)
        elif self._waited_s(1) < CALM_S and self._sending:
            faster = self._growth ** (min(since_s, STEP_S) / STEP_S)
            self._bps = min(CEILING_BPS, self._bps * faster)

    def bps(self, now_s: float) -> float:
        """Bits per second that the file may take now."""
        if self._heard_s is None:
            return UNHEARD_BPS
        return self._bps if now_s - self._heard_s < SILENT_S else FLOOR_BPS

    def _slow_down(self, now_s: float) -> None:
        if now_s - self._slowed_s >= STEP_S + min(self._round_trips_s):
            self._slowed_s = now_s
            self._bps, self._growth = max(FLOOR_BPS, self._bps / 2), CAREFUL_GROWTH

    def _crowded(self) -> bool:
        return self._waited_s(LATE_IN_A_ROW) > CROWDED_S

    def _waited_s(self, pulses: int) -> float:
        """The least that the last pulses have waited on their way."""
        newest = itertools.islice(reversed(self._round_trips_s), pulses)
        return min(newest) - min(self._round_trips_s)

    def _lost_share(self, new: Statistics) -> float:
        if self._last is None:
            return 0.0
        lost = max(0, new.packets_lost - self._last.packets_lost)
        came = max(0, new.packets_received - self._last.packets_received)
        return lost / (lost + came) if lost else 0.0
