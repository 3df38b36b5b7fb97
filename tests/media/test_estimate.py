"""What the estimate does at its edges; whole calls are in tests/network."""

from __future__ import annotations

from media.estimate import Estimate, Rates, Verdict
from media.signals import Heard

TICK_S = 0.1
CLOSE_BPS = 550_000


class Way:
    """Feeds an estimate ten times a second; what is sent arrives, unless a test says otherwise."""

    def __init__(self) -> None:
        self.rates = Rates()
        self.estimate = Estimate(self.rates)
        self.now_s = 0.0
        self.sent_bytes = self.arrived_bytes = 0.0
        self.padded_s = 0.0
        self.verdict: Verdict = self.estimate.decide(0.0)

    def run(
        self, seconds: float, *, queue_s: float = 0.0, arriving: float = 1.0, visible: bool = True
    ) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += TICK_S
            media_bps = self.rates.high_bps if self.verdict.layer == "high" else self.rates.low_bps
            size = (media_bps + self.verdict.padding_bps) / 8 * TICK_S
            self.sent_bytes += size
            self.arrived_bytes += size * arriving
            self.padded_s += TICK_S * (self.verdict.padding_bps > 0)
            heard = Heard(
                self.now_s, int(self.arrived_bytes), int(self.arrived_bytes) // 1200, 0,
                0.05 + queue_s,
            )  # fmt: skip
            self.estimate.signals.sent(self.now_s, int(self.sent_bytes))
            self.estimate.heard(heard, visible)
            self.verdict = self.estimate.decide(self.now_s)


def fallen() -> Way:
    way = Way()
    way.run(5)
    way.run(1, queue_s=0.3, arriving=0.3)
    assert (way.verdict.layer, way.verdict.why) == ("low", "network")
    return way


def test_nobody_pads_for_a_page_that_is_hidden() -> None:
    way = fallen()
    way.run(30, visible=False)
    assert way.padded_s == 0
    assert way.verdict.layer == "low"
    way.run(10)
    assert (way.verdict.layer, way.verdict.why) == ("high", "recovered")


def test_a_climb_that_failed_makes_the_next_wait_twice_as_long() -> None:
    way = fallen()
    waits: list[float] = []
    for _ in range(3):
        began_s = way.now_s
        while way.verdict.layer == "low":
            way.run(TICK_S)
        waits.append(way.now_s - began_s)
        way.run(2)
        way.run(1, queue_s=0.3, arriving=0.3)
    assert waits[0] < 8
    assert waits[1] > waits[0] + 4
    assert waits[2] > waits[1] + 6


def test_a_slow_rise_of_a_queue_that_is_short_changes_nothing() -> None:
    way = Way()
    way.run(5)
    way.run(5, queue_s=0.06)
    assert way.verdict.layer == "high"


def test_a_close_up_is_carried_once_that_much_was_and_not_after_an_overload() -> None:
    way = Way()
    assert way.estimate.carries(CLOSE_BPS)
    way = fallen()
    assert not way.estimate.carries(CLOSE_BPS)
    while not way.estimate.carries(CLOSE_BPS):
        way.run(TICK_S)
    assert way.verdict.layer == "low"
    way.run(0.6)
    assert way.verdict.padding_bps > 0
    way.run(0.6, queue_s=0.2)
    assert way.verdict.padding_bps == 0
    way.run(0.8, queue_s=0.4, arriving=0.5)
    assert not way.estimate.carries(CLOSE_BPS)
    assert (way.verdict.layer, way.verdict.pace) == ("low", "full")


def test_the_small_picture_is_coded_at_its_floor_while_a_queue_drains() -> None:
    way = fallen()
    assert way.verdict.wish_bps == way.rates.floor_bps
    way.run(4)
    assert way.verdict.wish_bps > way.rates.floor_bps
