"""How unevenly the packets of a voice arrive, and how long the voice should therefore wait."""

from __future__ import annotations

from collections import deque

# Four seconds of packets: a burst of lateness is remembered so long, then the delay shrinks.
WINDOW_PACKETS = 200
# One packet in thirty may come too late; concealing it is better than making everyone wait.
IN_TIME_SHARE = 0.97
# The mixer asks every 20 ms, a little unevenly itself.
MARGIN_S = 0.01
SHORTEST_DELAY_S = 0.02
LONGEST_DELAY_S = 0.2


class Arrivals:
    """`wanted_s`: a sample of media time `m` should be played at `m + wanted_s`.

    That is the clock's offset, the fastest way through the network, and the delay that the
    jitter of the last four seconds asks for.
    """

    def __init__(self) -> None:
        self._lateness: deque[float] = deque(maxlen=WINDOW_PACKETS)
        self.wanted_s = 0.0
        self.delay_s = SHORTEST_DELAY_S

    def note(self, media_s: float, arrived_s: float) -> None:
        """A packet of this media time has arrived."""
        self._lateness.append(arrived_s - media_s)
        ordered = sorted(self._lateness)
        fastest = ordered[0]
        needed = ordered[int(IN_TIME_SHARE * (len(ordered) - 1))] - fastest + MARGIN_S
        self.delay_s = min(LONGEST_DELAY_S, max(SHORTEST_DELAY_S, needed))
        self.wanted_s = fastest + self.delay_s

    def restart(self) -> None:
        """The sender counts from elsewhere now."""
        self._lateness.clear()
