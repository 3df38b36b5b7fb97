"""What a phone's reports say about the way to it. Pure: times are passed in, in seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from media.sender import Reception

# Long enough to hold a keyframe and what makes up for it, short enough to be of now.
RATE_WINDOW_S = 0.6
RATE_LEAST_S = 0.25
LOSS_WINDOW_S = 2.0
# A share of fewer packets than this is chance.
LOSS_LEAST_PACKETS = 25
# The shortest round trip of so long is the way without a queue; routes change now and then.
BASE_WINDOW_S = 15.0
# A fall of the receiver's limit means something for so long.
LIMIT_NEWS_S = 1.0
LIMIT_FALL = 0.9
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

    `queue_s` is how much longer than the shortest a round trip takes, `silent_s` how much longer
    than that an answer has been due. Rates are of pictures, repairs and padding; None is unknown.
    """

    telling: bool = False
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

    def sent(self, now_s: float, total_bytes: int) -> None:
        """How much has been sent in all, several times a second."""
        self._sent.append((now_s, total_bytes))
        while self._sent[0][0] < now_s - RATE_WINDOW_S:
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

    def path(self, now_s: float) -> Path:
        """The way as it looks now."""
        telling = self._telling(now_s)
        base_s = min((trip for _, trip in self._trips), default=0.0)
        recent = [trip for _, trip in self._trips][-2:]
        return Path(
            telling=telling,
            base_s=base_s,
            queue_s=min(recent, default=0.0) - base_s,
            silent_s=max(0.0, self._overdue_s - base_s) if telling else 0.0,
            loss=self._lost_share() if telling else self._told.loss,
            sent_bps=self._sent_bps(),
            received_bps=self._received_bps(now_s),
            limit_bps=self._told.limit_bps,
            limit_fell=now_s - self._fell_s < LIMIT_NEWS_S,
        )

    def _telling(self, now_s: float) -> bool:
        return bool(self._heard) and now_s - self._heard[-1].at_s < TELLING_S

    def _trip(self, now_s: float, round_trip_s: float) -> None:
        self._trips.append((now_s, round_trip_s))
        while self._trips[0][0] < now_s - BASE_WINDOW_S:
            self._trips.popleft()

    def _sent_bps(self) -> float:
        if len(self._sent) < 2:
            return 0.0
        (from_s, from_bytes), (to_s, to_bytes) = self._sent[0], self._sent[-1]
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
