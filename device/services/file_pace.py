"""How fast a file may go beside the live picture. Pure: times and measurements are passed in.

SCTP itself only slows down when something is lost, and until then fills every queue on the way:
the picture would come seconds late. So the pace follows the round trip of the call's pulses,
which wait in the same queues: faster while it stays near the smallest one seen, half when it
does not (the idea of RFC 6817, with pulses for acknowledgements).
"""

from __future__ import annotations

from collections import deque

from protocol.latest import Statistics

# Five pulses until the first answers count: what a narrow network takes without harm.
START_BPS = 300_000
# A trickle beside a picture of 350 kbit/s on a network of 600 kbit/s.
FLOOR_BPS = 100_000
# Four times as fast as the default picture; a small board would spend its time on nothing else.
CEILING_BPS = 8_000_000
# For a phone that answers no pulses: ten seconds at 2 Mbit/s take twenty.
UNHEARD_BPS = 1_000_000
# A second and a half from the start to the ceiling.
GROWTH = 1.7
# Once the network's width has been felt, it is approached more slowly, to be felt less.
CAREFUL_GROWTH = 1.25
# More waiting than this is more than the pulses' own scatter on a radio network.
CALM_S = 0.025
CROWDED_S = 0.05
# The smallest round trip is looked for in the last half minute, at five pulses a second.
REMEMBERED = 150
# Five pulses without an answer: the network is full, or gone.
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
        self._last, self._heard_s = statistics, now_s
        if round_trip_s is None:
            return
        self._round_trips_s.append(round_trip_s)
        waiting_s = round_trip_s - min(self._round_trips_s)
        if waiting_s > CROWDED_S or lost > LOST_SHARE:
            self._bps, self._growth = max(FLOOR_BPS, self._bps / 2), CAREFUL_GROWTH
        elif waiting_s < CALM_S and self._sending:
            self._bps = min(CEILING_BPS, self._bps * self._growth)

    def bps(self, now_s: float) -> float:
        """Bits per second that the file may take now."""
        if self._heard_s is None:
            return UNHEARD_BPS
        return self._bps if now_s - self._heard_s < SILENT_S else FLOOR_BPS

    def _lost_share(self, new: Statistics) -> float:
        if self._last is None:
            return 0.0
        lost = max(0, new.packets_lost - self._last.packets_lost)
        came = max(0, new.packets_received - self._last.packets_received)
        return lost / (lost + came) if lost else 0.0
