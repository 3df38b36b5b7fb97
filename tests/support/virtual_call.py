"""A call in virtual time: the estimate decides, an emulated lane carries, a phone counts.

No sockets, no encoders, no clocks: frames have typical sizes, and every run is the same.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from media.estimate import Estimate, Rates, Verdict
from media.frames import EncodedFrame
from media.layers import LayerName, Pace, Thinner
from media.signals import Heard
from tests.support.link_lane import PERFECT, Conditions, Lane

TICK_S = 0.01
FPS = 30
PACKET_BYTES = 1200
PULSE_BYTES = 100
# Of a second's bytes: keyframes are large.
KEYFRAME_SHARE = 0.2
GROUPS: dict[LayerName, int] = {"high": 2 * FPS, "low": FPS}


@dataclass(slots=True)
class Counted:
    """What the phone has counted."""

    size: int = 0
    packets: int = 0
    lost: int = 0


class VirtualCall:
    """`run(seconds)`, then look at `layers`, `shown_s` and `verdict`."""

    def __init__(
        self, *, down: Conditions = PERFECT, up: Conditions = PERFECT, statistics: bool = True
    ) -> None:
        self.rates = Rates()
        self.estimate = Estimate(self.rates)
        self.down, self.up = Lane("down", down), Lane("up", up)
        self.now_s = 0.0
        self.layers: list[tuple[float, LayerName, Pace]] = []
        self.shown_s: list[float] = []
        self.padded_bytes = 0
        self.verdict: Verdict = self.estimate.decide(0.0)
        self._statistics = statistics
        self._sent_bytes = 0
        self._padding_due = 0.0
        self._layer: LayerName = "high"
        self._thinner = Thinner()
        self._frame = 0
        self._since_keyframe = 0
        self._keyframe_wanted = True
        self._phone = Counted()
        self._broken = True
        self._waiting: dict[int, float] = {}
        self._pulse = self._answered = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            tick = round(self.now_s / TICK_S)
            while self._events and self._events[0][0] <= self.now_s:
                heapq.heappop(self._events)[2]()
            if tick * TICK_S * FPS >= self._frame:
                self._film()
            self._pad()
            if tick % 10 == 0:
                self._beat()
            self.now_s = (tick + 1) * TICK_S

    def longest_freeze_s(self, from_s: float, to_s: float) -> float:
        times = [time for time in self.shown_s if from_s <= time < to_s] + [to_s]
        return max((b - a for a, b in itertools.pairwise(times)), default=to_s - from_s)

    def _film(self) -> None:
        self._frame += 1
        wanted = self.verdict.layer
        changes = wanted != self._layer
        keyframe = changes or self._keyframe_wanted or self._since_keyframe >= GROUPS[self._layer]
        self._layer = wanted
        self._since_keyframe = 1 if keyframe else self._since_keyframe + 1
        self._keyframe_wanted = False
        self._thinner.pace = self.verdict.pace
        frame = EncodedFrame("video", b"", round(self.now_s * 1e6), keyframe)
        if self._thinner.passes(frame):
            self._send_frame(keyframe)

    def _send_frame(self, keyframe: bool) -> None:
        bps = self.rates.high_bps if self._layer == "high" else self.verdict.wish_bps
        share = KEYFRAME_SHARE if keyframe else (1 - KEYFRAME_SHARE) / FPS
        left = int(bps / 8 * share)
        arrivals: list[float] = []
        whole = True
        while left > 0:
            size = min(left, PACKET_BYTES)
            left -= size
            self._sent_bytes += size
            times = self.down.admit(size, self.now_s)
            arrivals += times[:1]
            whole &= bool(times)
            if times:
                self._at(times[0], partial(self._count_packet, size))
            else:
                self._phone.lost += 1
        last_s = max(arrivals, default=self.now_s)
        self._at(last_s, lambda: self._show(whole, keyframe))

    def _show(self, whole: bool, keyframe: bool) -> None:
        if not whole:
            self._broken = self._keyframe_wanted = True
        elif keyframe:
            self._broken = False
        if not self._broken:
            self.shown_s.append(self.now_s)

    def _pad(self) -> None:
        self._padding_due += self.verdict.padding_bps / 8 * TICK_S
        while self._padding_due >= PACKET_BYTES:
            self._padding_due -= PACKET_BYTES
            self._sent_bytes += PACKET_BYTES
            self.padded_bytes += PACKET_BYTES
            for time_s in self.down.admit(PACKET_BYTES, self.now_s):
                self._at(time_s, partial(self._count_packet, PACKET_BYTES))

    def _beat(self) -> None:
        self.estimate.signals.sent(self.now_s, self._sent_bytes)
        if self._statistics:
            self._send_pulse()
            due = [at_s for number, at_s in self._waiting.items() if number > self._answered]
            self.estimate.signals.overdue(self.now_s - min(due) if due else 0.0)
        self.verdict = self.estimate.decide(self.now_s)
        state = (self.verdict.layer, self.verdict.pace)
        if not self.layers or self.layers[-1][1:] != state:
            self.layers.append((self.now_s, *state))

    def _send_pulse(self) -> None:
        self._pulse += 1
        number, sent_s = self._pulse, self.now_s
        self._waiting[number] = sent_s
        for time_s in self.down.admit(PULSE_BYTES, self.now_s):
            self._at(time_s, lambda: self._answer(number, sent_s))

    def _answer(self, number: int, sent_s: float) -> None:
        phone = self._phone
        size, packets, lost = phone.size, phone.packets, phone.lost

        def hear() -> None:
            self._answered = max(self._answered, number)
            trip_s = self.now_s - sent_s
            self.estimate.heard(Heard(self.now_s, size, packets, lost, trip_s))

        for time_s in self.up.admit(PULSE_BYTES, self.now_s):
            self._at(time_s, hear)

    def _count_packet(self, size: int) -> None:
        self._phone.size += size
        self._phone.packets += 1

    def _at(self, time_s: float, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (time_s, self._count, act))
