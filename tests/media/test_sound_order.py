"""Sound packets come out in their order, each once, and none waits for ever."""

from __future__ import annotations

import random

import pytest

from media.sound_order import LIMIT_PACKETS, WAIT_S, SoundOrder

START = 0xFFF8


def number(index: int) -> int:
    return (START + index) & 0xFFFF


class Listener:
    """Feeds indices as packets 20 ms apart and keeps the indices that come out."""

    def __init__(self) -> None:
        self.order = SoundOrder()
        self.heard: list[int] = []

    def take(self, index: int, now_s: float) -> None:
        for payload, timestamp in self.order.add(number(index), 960 * index, b"%d" % index, now_s):
            assert timestamp == 960 * int(payload)
            self.heard.append(int(payload))


def test_what_comes_in_order_waits_for_nothing() -> None:
    listener = Listener()
    for index in range(20):
        listener.take(index, index * 0.02)
        assert listener.heard[-1] == index


def test_a_repair_fills_its_gap_before_what_came_after_it() -> None:
    listener = Listener()
    for index in (0, 1, 3, 4, 2, 5):
        listener.take(index, 0.1)
    assert listener.heard == [0, 1, 2, 3, 4, 5]


def test_a_packet_that_never_comes_costs_only_itself() -> None:
    listener = Listener()
    for index in (0, 2, 3):
        listener.take(index, 0.0)
    assert listener.heard == [0]
    listener.take(4, WAIT_S + 0.01)
    assert listener.heard == [0, 2, 3, 4]
    listener.take(1, WAIT_S + 0.02)
    assert listener.heard == [0, 2, 3, 4]


def test_a_long_gap_is_not_waited_for_beyond_what_can_be_repaired() -> None:
    listener = Listener()
    listener.take(0, 0.0)
    for index in range(10, 11 + LIMIT_PACKETS):
        listener.take(index, 0.0)
    assert listener.heard == [0, *range(10, 11 + LIMIT_PACKETS)]


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_and_doubled_packets_all_come_once(seed: int) -> None:
    chance = random.Random(seed)
    arrivals = sorted(range(200), key=lambda index: index + chance.uniform(0, 8))
    listener = Listener()
    listener.take(0, 0.0)
    for index in arrivals:
        listener.take(index, 0.0)
        if chance.random() < 0.1:
            listener.take(index, 0.0)
    assert listener.heard == list(range(200))
