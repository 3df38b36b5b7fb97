"""Steps of padding, up to what the large picture needs."""

from __future__ import annotations

from dataclasses import replace

from media.probe import NARROW_PAUSE_LIMIT_S, NEAR_PAUSE_LIMIT_S, Probe
from media.signals import Path

LOW_BPS, GOAL_BPS = 350_000, 2_300_000
CALM = Path(telling=True, base_s=0.05, sent_bps=LOW_BPS)
TICK_S = 0.1


class Network:
    """Carries `bps`; above that a queue grows."""

    def __init__(self, bps: float, telling: bool = True) -> None:
        self.bps = bps
        self.now_s = 0.0
        self.probe = Probe(LOW_BPS, GOAL_BPS)
        self.steps: list[int] = []
        self._telling = telling
        self._queue_bits = 0.0

    def run(self, seconds: float) -> bool:
        """Whether the goal was reached; time stops there."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += TICK_S
            sent_bps = LOW_BPS + self.probe.padding_bps
            self._queue_bits = max(0.0, self._queue_bits + (sent_bps - self.bps) * TICK_S)
            path = replace(
                CALM, telling=self._telling, sent_bps=sent_bps, queue_s=self._queue_bits / self.bps
            )
            before = self.probe.padding_bps
            if self.probe.step(path, self.now_s):
                return True
            if self.probe.padding_bps > before:
                self.steps.append(self.probe.padding_bps)
        return False


def test_a_wide_network_is_known_within_a_few_seconds() -> None:
    network = Network(20e6)
    assert network.run(10)
    assert 3 < network.now_s < 5.5
    assert network.steps == sorted(network.steps)
    assert network.probe.proven_bps == GOAL_BPS
    assert network.probe.padding_bps == 0


def test_rtcp_alone_takes_longer() -> None:
    network = Network(20e6, telling=False)
    assert network.run(20)
    assert 9 < network.now_s < 12


def test_a_narrow_network_is_asked_often_and_little() -> None:
    network = Network(450_000)
    assert not network.run(60)
    assert len(network.steps) > 60 / (2 * NARROW_PAUSE_LIMIT_S)
    assert max(network.steps) < 0.3e6


def test_one_that_nearly_suffices_is_asked_seldom() -> None:
    network = Network(2e6)
    assert not network.run(400)
    tries = network.steps.count(min(network.steps))
    # Seven while the pause doubles, then one for each of the longest.
    assert tries <= 7 + 400 / NEAR_PAUSE_LIMIT_S
    assert LOW_BPS < network.probe.proven_bps < GOAL_BPS


def test_losses_that_rise_end_a_step() -> None:
    probe = Probe(LOW_BPS, GOAL_BPS)
    now_s = 0.0
    while not probe.padding_bps:
        now_s += TICK_S
        probe.step(replace(CALM, loss=0.04), now_s)
    probe.step(replace(CALM, loss=0.06), now_s + TICK_S)
    assert probe.padding_bps
    probe.step(replace(CALM, loss=0.3), now_s + 2 * TICK_S)
    assert not probe.padding_bps


def test_what_was_not_sent_was_not_learnt() -> None:
    probe = Probe(LOW_BPS, GOAL_BPS)
    for tick in range(100):
        assert not probe.step(replace(CALM, sent_bps=100_000), tick * TICK_S)
    assert probe.proven_bps == LOW_BPS
