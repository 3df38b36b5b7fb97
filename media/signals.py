"""What a phone's reports say about the way to it. Pure: times are passed in, in seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from media.sender import Reception

# Long enough to hold a keyframe and what makes up for it, short enough to be of now.
RATE_WINDOW_S = 0.6
RATE_LEAST_S = 0.25
LOSS_WINDOW_S = 2.0
RECENT_S = 0.4
# A share of fewer packets than this is chance.
LOSS_LEAST_PACKETS = 25
# The shortest round trip of so long is the way without a queue; routes change now and then.
BASE_WINDOW_S = 15.0
# Longer round trips without a queue there are none that a call could use.
BASE_MOST_S = 1.0
# A fall of the receiver's limit means something for so long.
LIMIT_NEWS_S = 1.0
LIMIT_FALL = 0.9
# Whoever has opened no channel by then opens none.
OPENING_MOST_S = 3.0
# A phone that has told nothing for so long tells only by RTCP.
TELLING_S = 5.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What the phone has counted since its call began; `round_trip_s` of the pulse it answers."""

    at_s: float
    bytes_received: int
    packets_received: int
    packets_lost: int
    round_trip_s: float | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """The way to the phone, as it looks at one moment.

    `queue_s` is how much longer than the shortest a round trip takes, `silent_s` for how long no
    answer has come although one is due, `opening_s` for how long the phone has not opened its
    channels. Rates are of pictures, repairs and padding; None is unknown.
    """

    telling: bool = False
    opening_s: float = 0.0
    base_s: float = 0.0
    queue_s: float = 0.0
    silent_s: float = 0.0
    loss: float = 0.0
    sent_bps: float = 0.0
    received_bps: float | None = None
    limit_bps: int | None = None
    limit_fell: bool = False


class Signals:
    """Collects reports; `path(now_s)` sums them up."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int]] = deque()
        self._heard: deque[Heard] = deque()
        self._trips: deque[tuple[float, float]] = deque()
        self._told = Reception()
        self._fell_s = float("-inf")
        self._overdue_s = 0.0
        self._opening_s = 0.0

    def sent(self, now_s: float, total_bytes: int) -> None:
        """How much has been sent in all, several times a second."""
        self._sent.append((now_s, total_bytes))
        while self._sent[0][0] < now_s - RATE_WINDOW_S - BASE_MOST_S:
            self._sent.popleft()

    def heard(self, heard: Heard) -> None:
        """The phone's newest statistics."""
        self._heard.append(heard)
        while self._heard[0].at_s < heard.at_s - LOSS_WINDOW_S:
            self._heard.popleft()
        if heard.round_trip_s is not None:
            self._trip(heard.at_s, heard.round_trip_s)

    def received(self, reception: Reception, now_s: float) -> None:
        """The newest of RTCP."""
        before, self._told = self._told.limit_bps, reception
        limit = reception.limit_bps
        if before is not None and limit is not None and limit < LIMIT_FALL * before:
            self._fell_s = now_s
        if not self._telling(now_s) and reception.round_trip_s is not None:
            self._trip(now_s, reception.round_trip_s)

    def overdue(self, seconds: float) -> None:
        """How long the oldest pulse after the newest answered one has waited for its answer."""
        self._overdue_s = seconds

    def opening(self, seconds: float) -> None:
        """How long the phone has been connected without opening its channels; 0 once it has."""
        self._opening_s = seconds if seconds < OPENING_MOST_S else 0.0

    def path(self, now_s: float) -> Path:
        """The way as it looks now."""
        telling = self._telling(now_s)
        base_s = min((trip for _, trip in self._trips), default=0.0)
        return Path(
            telling=telling,
            opening_s=self._opening_s,
            base_s=base_s,
            queue_s=self._recent_trip_s(now_s, base_s) - base_s,
            silent_s=self._silent_s(now_s, base_s) if telling else 0.0,
            loss=self._lost_share() if telling else self._told.loss,
            sent_bps=self._sent_bps(now_s - base_s),
            received_bps=self._received_bps(now_s),
            limit_bps=self._told.limit_bps,
            limit_fell=now_s - self._fell_s < LIMIT_NEWS_S,
        )

    def _recent_trip_s(self, now_s: float, base_s: float) -> float:
        """The shortest of late: a busy phone delays some answers, a queue delays all of them."""
        last = [trip for _, trip in self._trips][-2:]
        recent = [trip for at_s, trip in self._trips if at_s >= now_s - RECENT_S]
        return min(last + recent, default=base_s)

    def _telling(self, now_s: float) -> bool:
        return bool(self._heard) and now_s - self._heard[-1].at_s < TELLING_S

    def _silent_s(self, now_s: float, base_s: float) -> float:
        """Answers that are late but keep coming are a queue, not silence."""
        return max(0.0, min(self._overdue_s - base_s, now_s - self._heard[-1].at_s))

    def _trip(self, now_s: float, round_trip_s: float) -> None:
        self._trips.append((now_s, round_trip_s))
        while self._trips[0][0] < now_s - BASE_WINDOW_S:
            self._trips.popleft()

    def _sent_bps(self, until_s: float) -> float:
        """What the phone would have told of by now, had nothing waited on the way."""
        window = [each for each in self._sent if until_s - RATE_WINDOW_S <= each[0] <= until_s]
        if len(window) < 2:
            return 0.0
        (from_s, from_bytes), (to_s, to_bytes) = window[0], window[-1]
        return 8 * (to_bytes - from_bytes) / (to_s - from_s) if to_s > from_s else 0.0

    def _received_bps(self, now_s: float) -> float | None:
        window = [heard for heard in self._heard if heard.at_s >= now_s - RATE_WINDOW_S]
        if len(window) < 2 or window[-1].at_s - window[0].at_s < RATE_LEAST_S:
            return None
        size = window[-1].bytes_received - window[0].bytes_received
        return 8 * size / (window[-1].at_s - window[0].at_s)

    def _lost_share(self) -> float:
        if not self._heard:
            return 0.0
        first, last = self._heard[0], self._heard[-1]
        lost = max(0, last.packets_lost - first.packets_lost)
        total = lost + last.packets_received - first.packets_received
        return lost / total if total >= LOSS_LEAST_PACKETS else 0.0
