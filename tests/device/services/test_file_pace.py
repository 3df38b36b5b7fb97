"""The pace of a file beside the live picture, decided by round trips."""

from __future__ import annotations

import pytest

from device.services.file_pace import (
    CEILING_BPS,
    FLOOR_BPS,
    START_BPS,
    UNHEARD_BPS,
    FilePace,
)
from tests.support.files_phone import counted

PULSE_S = 0.1


class Network:
    """Answers pulses; the queue before the narrow place grows by what is too much."""

    def __init__(self, pace: FilePace, width_bps: float, idle_s: float = 0.04) -> None:
        self.pace, self.width_bps, self.idle_s = pace, width_bps, idle_s
        self.now_s, self.waiting_s, self.number = 100.0, 0.0, 0
        self.longest_s, self.carried_bits = 0.0, 0.0

    def go_on(self, seconds: float, *, sending: bool = True) -> None:
        for _ in range(round(seconds / PULSE_S)):
            bps = self.pace.bps(self.now_s) if sending else 0.0
            self.waiting_s = max(0.0, self.waiting_s + PULSE_S * (bps / self.width_bps - 1))
            self.longest_s = max(self.longest_s, self.waiting_s)
            self.carried_bits += min(bps, self.width_bps) * PULSE_S
            self.now_s += PULSE_S
            self.number += 1
            answer = counted(self.number)
            self.pace.heard(answer, self.idle_s + self.waiting_s, self.now_s)


def test_a_wide_network_is_used_within_two_seconds() -> None:
    pace = FilePace()
    network = Network(pace, width_bps=100e6)
    network.go_on(1, sending=False)
    pace.begin()
    assert pace.bps(network.now_s) == START_BPS
    network.go_on(2)
    assert pace.bps(network.now_s) == CEILING_BPS


@pytest.mark.parametrize("width_bps", [250e3, 600e3, 2e6, 5e6])
def test_a_narrow_network_is_used_and_never_filled(width_bps: float) -> None:
    pace = FilePace()
    network = Network(pace, width_bps)
    network.go_on(1, sending=False)
    pace.begin()
    network.go_on(20)
    assert network.longest_s < 0.35
    assert network.carried_bits > 0.5 * 20 * width_bps


def test_a_file_begins_with_care_however_long_the_call_was_calm() -> None:
    pace = FilePace()
    network = Network(pace, width_bps=100e6)
    pace.begin()
    network.go_on(5)
    pace.end()
    network.go_on(5, sending=False)
    pace.begin()
    assert pace.bps(network.now_s) == START_BPS


def test_lost_packets_slow_it_down_though_nothing_waits() -> None:
    pace = FilePace()
    pace.begin()
    for number in range(1, 6):
        pace.heard(counted(number, received=100 * number, lost=2 * number), 0.04, number * 0.2)
    fast = pace.bps(1.0)
    assert fast > START_BPS
    pace.heard(counted(6, received=550, lost=40), 0.04, 1.2)
    assert pace.bps(1.2) == fast / 2


def test_without_answers_it_trickles() -> None:
    pace = FilePace()
    pace.begin()
    assert pace.bps(0.0) == UNHEARD_BPS
    pace.heard(counted(1), None, 0.0)
    assert pace.bps(0.5) == START_BPS
    assert pace.bps(1.5) == FLOOR_BPS


def test_what_stops_a_phone_for_a_moment_does_not_slow_the_file_down() -> None:
    pace = FilePace()
    pace.begin()
    # Pulses that were on their way during one stop come back together.
    for number, round_trip_s in enumerate((0.04, 0.04, 0.24, 0.14, 0.04, 0.04), start=1):
        pace.heard(counted(number), round_trip_s, number * 0.1)
    assert pace.bps(0.6) > START_BPS
    # The third in a row is a queue; those that were sent before it was felt change nothing more.
    fast = pace.bps(0.6)
    for number in range(7, 12):
        pace.heard(counted(number), 0.3, 0.7 + number / 1000)
    assert pace.bps(0.8) == fast / 2
