"""What reports say about the way to a phone."""

from __future__ import annotations

import pytest

from media.sender import Reception
from media.signals import Heard, Signals


def told(signals: Signals, *trips_s: float, every_s: float = 0.1, bps: int = 800_000) -> float:
    """Statistics in a row, at a steady rate; the time of the last."""
    for number, trip_s in enumerate(trips_s):
        at_s = number * every_s
        signals.sent(at_s, int(bps / 8 * at_s))
        signals.heard(Heard(at_s, int(bps / 8 * at_s), number * 10, 0, trip_s))
    return (len(trips_s) - 1) * every_s


def test_rates_are_of_the_last_moments() -> None:
    signals = Signals()
    path = signals.path(told(signals, *[0.0] * 20))
    assert path.telling
    assert path.sent_bps == pytest.approx(800_000, rel=0.01)
    assert path.received_bps == pytest.approx(800_000, rel=0.01)


def test_a_queue_is_what_all_answers_of_late_have_waited() -> None:
    busy, queued = Signals(), Signals()
    assert busy.path(told(busy, *[0.05] * 10, 0.4, 0.05)).queue_s == pytest.approx(0)
    assert queued.path(told(queued, *[0.05] * 10, *[0.3] * 6)).queue_s == pytest.approx(0.25)


def test_late_answers_that_keep_coming_are_no_silence() -> None:
    signals = Signals()
    now_s = told(signals, *[0.05] * 5)
    signals.overdue(0.8)
    assert signals.path(now_s + 0.1).silent_s == pytest.approx(0.1)
    assert signals.path(now_s + 0.6).silent_s == pytest.approx(0.6)


def test_losses_of_a_few_packets_are_chance() -> None:
    signals = Signals()
    signals.heard(Heard(0.0, 0, 0, 0))
    signals.heard(Heard(0.1, 0, 9, 1))
    assert signals.path(0.1).loss == 0
    signals.heard(Heard(0.2, 0, 90, 10))
    assert signals.path(0.2).loss == pytest.approx(0.1)
    # Repaired packets are taken back from what was counted as lost.
    signals.heard(Heard(0.3, 0, 100, -5))
    assert signals.path(0.3).loss == 0


def test_without_statistics_rtcp_counts() -> None:
    signals = Signals()
    signals.received(Reception(0.0, 0.02, 0.05, 1_000_000), 0.0)
    signals.received(Reception(1.0, 0.02, 0.35, 800_000), 1.0)
    signals.received(Reception(2.0, 0.02, 0.35, 800_000), 2.0)
    path = signals.path(2.0)
    assert not path.telling
    assert (path.loss, path.limit_bps) == (0.02, 800_000)
    assert path.queue_s == pytest.approx(0.3)
    assert not path.limit_fell
    assert signals.path(1.5).limit_fell


def test_a_phone_that_opens_no_channel_is_waited_for_a_while() -> None:
    signals = Signals()
    signals.opening(0.7)
    assert signals.path(0.7).opening_s == 0.7
    signals.opening(30.0)
    assert signals.path(30.0).opening_s == 0
