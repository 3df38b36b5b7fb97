"""Which picture a network carries. Pure: reports and times are passed in, a verdict comes out.

| rung | layer | frames | encoder's rate |
|---|---|---|---|
| 3 | high | all | its own |
| 2 | low | all | as wished: full, or its floor while a queue drains |
| 1 | low | first half of each group | floor |
| 0 | low | keyframes | floor |

| from | to | when |
|---|---|---|
| 3 | 2 | overload: a queue grows and less arrives than is sent; or no answer; or heavy loss |
| 2, 1 | one down | overload again, once the change before it has had time to show |
| 0, 1 | one up | no overload for a while; longer after each relapse |
| 2 | 3 | padding has shown that the network carries it (media/probe.py) |

A climb that is followed by an overload soon after has failed: the next waits twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from media.layers import LayerName, Pace
from media.probe import Probe
from media.sender import Reception
from media.signals import Heard, Path, Signals

Why = Literal["start", "network", "recovered"]

# A queue: more than the jitter of mobile networks and the pauses of a busy phone.
QUEUE_GROWS_S = 0.10
ARRIVING_SHARE = 0.85
# A queue this long is too long even when it grows slowly; one that drains may stand.
QUEUE_LONG_S = 0.30
DRAINING_SHARE = 1.1
# Without statistics only the round trip of RTCP tells of queues.
SLOW_QUEUE_S = 0.25
# Less than this fills no network, whatever the round trip says.
LEAST_LOAD_BPS = 80_000
# Frames are left out only when the overload stays: it shows more than a slow network does.
STAYS_S = 0.8
# A phone opens its channels at once; while they do not open, the first pictures fill the way.
OPENING_S = 0.5
# Answers missing: lost ones are followed by others within this time, unless the way is full.
SILENCE_S = 0.4
SILENCE_WITH_LIMIT_S = 0.2
LIMITED_SHARE = 0.8
# Repairs keep up with less than this.
HEAVY_LOSS = 0.15
# Losses are told of for so long after what caused them is gone.
LOSS_NEWS_S = 3.0
# What was done about an overload shows after so long.
SETTLE_S = 1.5
# Below this there is no queue to speak of; above, the small picture is coded at its floor.
DRAINED_S = 0.10
DRAIN_LEAST_S = 0.5
# Thinned pictures are filled up again after so long without overload, twice as long each relapse.
FILL_S = 2.0
FILL_LIMIT_S = 16.0
# An overload this soon after a climb means that the climb was wrong.
FAILED_CLIMB_S = 15.0
CLIMB_PAUSE_S = 8.0
CLIMB_PAUSE_LIMIT_S = 64.0
# The large picture needs some air: repairs, and keyframes.
HIGH_SHARE = 1.15
# Coded at the small picture's own rate, its repairs included, this is what remains on a network.
SMALL_SHARE = 0.7
HIGH_RUNG = 3
RUNGS: tuple[tuple[LayerName, Pace], ...] = (
    ("low", "keyframes"), ("low", "half"), ("low", "full"), ("high", "full"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """What the encoders make: the large picture, the small one at most, and at least."""

    high_bps: int = 2_000_000
    low_bps: int = 350_000
    floor_bps: int = 150_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to send. `wish_bps` is for the encoder of the small picture.

    `carries_bps` is what the network has shown that it carries, 0 when that is not known.
    """

    layer: LayerName
    pace: Pace
    why: Why
    padding_bps: int
    wish_bps: int
    carries_bps: int = 0


class Estimate:
    """One phone's. Feed it, then ask `decide(now_s)` several times a second."""

    def __init__(self, rates: Rates) -> None:
        self.signals = Signals()
        self._rates = rates
        self._probe = Probe(rates.low_bps, int(HIGH_SHARE * rates.high_bps))
        self._rung = HIGH_RUNG
        self._why: Why = "start"
        self._changed_s = float("-inf")
        self._overload_s = float("-inf")
        self._overloaded_since_s: float | None = None
        self._climbed_s = float("-inf")
        self._wish_bps = rates.low_bps
        self._fill_s = FILL_S
        self._climb_pause_s = CLIMB_PAUSE_S
        self._visible = True
        self._path = Path()

    @property
    def path(self) -> Path:
        """The way as it looked at the last decision."""
        return self._path

    def heard(self, heard: Heard, visible: bool = True) -> None:
        """The phone's newest statistics; nobody looks at a page that is not `visible`."""
        self._visible = visible
        self.signals.heard(heard)

    def received(self, reception: Reception, now_s: float) -> None:
        """The newest of RTCP."""
        self.signals.received(reception, now_s)

    def carries(self, bps: int) -> bool:
        """Whether the network has shown that it carries pictures at this rate."""
        return self._rung == HIGH_RUNG or self._probe.proven_bps >= bps

    def decide(self, now_s: float) -> Verdict:
        """What to send from now on."""
        path = self._path = self.signals.path(now_s)
        if self._overloaded(path, now_s):
            self._overload_s = now_s
            if path.received_bps and path.silent_s == 0:
                # A close-up goes first: it takes more than the whole picture, small.
                self._probe.narrowed(path.received_bps)
            if self._rung == HIGH_RUNG or self._stays(now_s):
                self._fall(path, now_s)
        elif self._rung == HIGH_RUNG:
            self._rest_on_high(now_s)
        elif self._rung == HIGH_RUNG - 1:
            self._climb(path, now_s)
        elif now_s - max(self._overload_s, self._changed_s) >= self._fill_s:
            self._move(self._rung + 1, "network", now_s)
        if self._overload_s != now_s:
            self._overloaded_since_s = None
        layer, pace = RUNGS[self._rung]
        return Verdict(
            layer, pace, self._why, self._probe.padding_bps, self._wished_bps(now_s),
            0 if self._why == "start" else self._probe.proven_bps,
        )  # fmt: skip

    def _overloaded(self, path: Path, now_s: float) -> bool:
        limited = path.limit_fell and (path.limit_bps or 0) < LIMITED_SHARE * path.sent_bps
        if path.loss > HEAVY_LOSS and now_s - self._changed_s > LOSS_NEWS_S:
            return True
        if path.opening_s > OPENING_S:
            return True
        if not path.telling:
            return path.queue_s > SLOW_QUEUE_S or limited
        if path.silent_s > SILENCE_S or (limited and path.silent_s > SILENCE_WITH_LIMIT_S):
            return True
        arriving = path.received_bps
        if arriving is None or self._probe.padding_bps or path.sent_bps < LEAST_LOAD_BPS:
            return False
        return (path.queue_s > QUEUE_GROWS_S and arriving < ARRIVING_SHARE * path.sent_bps) or (
            path.queue_s > QUEUE_LONG_S and arriving < DRAINING_SHARE * path.sent_bps
        )

    def _stays(self, now_s: float) -> bool:
        if self._overloaded_since_s is None:
            self._overloaded_since_s = now_s
        since_s = max(self._overloaded_since_s, self._changed_s + SETTLE_S)
        return now_s - since_s >= STAYS_S

    def _fall(self, path: Path, now_s: float) -> None:
        pause_s = 0.0
        if self._rung == HIGH_RUNG and now_s - self._climbed_s < FAILED_CLIMB_S:
            pause_s = self._climb_pause_s
            self._climb_pause_s = min(CLIMB_PAUSE_LIMIT_S, 2 * pause_s)
        self._probe.stop(now_s, pause_s)
        if self._rung < HIGH_RUNG and path.silent_s > SILENCE_S:
            # Nothing arrives at all: a smaller picture would not either.
            return
        if self._rung < HIGH_RUNG - 1:
            self._fill_s = min(FILL_LIMIT_S, 2 * self._fill_s)
        self._move(max(0, self._rung - 1), "network", now_s)
        if path.received_bps:
            wish_bps = int(SMALL_SHARE * path.received_bps)
            self._wish_bps = max(self._rates.floor_bps, min(self._rates.low_bps, wish_bps))

    def _rest_on_high(self, now_s: float) -> None:
        if now_s - self._climbed_s > FAILED_CLIMB_S and now_s - self._overload_s > FAILED_CLIMB_S:
            self._probe.forgive()
            self._climb_pause_s, self._fill_s = CLIMB_PAUSE_S, FILL_S

    def _climb(self, path: Path, now_s: float) -> None:
        if not self._visible or now_s - self._overload_s < SETTLE_S:
            self._probe.stop(now_s)
            return
        padded = self._probe.padding_bps
        if self._probe.step(path, now_s):
            self._climbed_s = now_s
            self._move(HIGH_RUNG, "recovered", now_s)
        elif padded and not self._probe.padding_bps:
            # The queue is of the padding, not of the pictures: let it drain.
            self._changed_s = now_s

    def _wished_bps(self, now_s: float) -> int:
        draining = self._path.queue_s > DRAINED_S or now_s - self._changed_s < DRAIN_LEAST_S
        if self._rung < HIGH_RUNG - 1 or (draining and not self._probe.padding_bps):
            return self._rates.floor_bps
        if now_s - self._overload_s > self._fill_s:
            return self._rates.low_bps
        return self._wish_bps

    def _move(self, rung: int, why: Why, now_s: float) -> None:
        self._rung, self._why, self._changed_s = rung, why, now_s
