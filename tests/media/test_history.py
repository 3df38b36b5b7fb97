"""What can be sent again: bounded, young, once a round trip, within a rate."""

from __future__ import annotations

import pytest

from media.history import (
    HISTORY_PACKETS,
    REPAIR_BURST_BYTES,
    USEFUL_S,
    History,
    Repairs,
    SentPacket,
)

PAYLOAD = bytes(1180)


def filled(count: int, first: int = 0, at_s: float = 10.0) -> History:
    history = History()
    for number in range(count):
        history.add(SentPacket((first + number) & 0xFFFF, at_s, bytes(24), PAYLOAD))
    return history


def numbers(packets: list[SentPacket]) -> list[int]:
    return [packet.sequence for packet in packets]


def test_it_holds_a_large_keyframe_and_a_second_of_video() -> None:
    keyframe, second = 120_000 // len(PAYLOAD) + 1, 2_000_000 // 8 // len(PAYLOAD) + 1
    assert keyframe + second <= HISTORY_PACKETS
    history = filled(keyframe + second)
    assert history.find(0) is not None


def test_it_forgets_the_oldest_and_never_answers_with_another() -> None:
    history = filled(HISTORY_PACKETS + 10)
    assert history.find(9) is None
    assert history.find(10) is not None
    assert history.find(10 + HISTORY_PACKETS) is None


def test_numbers_wrap() -> None:
    history = filled(20, first=65_530)
    assert [history.find(number) is not None for number in (65_529, 65_530, 0, 13, 14)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert numbers(list(history.last(1, 4))) == [1, 0, 65_535, 65_534]
    assert numbers(Repairs(history).due([65_535, 65_536], 10.1, None, 0)) == [65_535, 0]


def test_what_is_too_old_is_not_sent_again() -> None:
    repairs = Repairs(filled(4))
    assert repairs.due([1], 10 + USEFUL_S + 0.1, None, 0) == []
    assert numbers(repairs.due([1], 10 + USEFUL_S - 0.1, None, 0)) == [1]


def test_a_packet_under_way_is_not_sent_once_more() -> None:
    repairs = Repairs(filled(4))
    assert numbers(repairs.due([1, 2], 10.0, 0.1, 0)) == [1, 2]
    assert repairs.due([1, 2], 10.05, 0.1, 0) == []
    assert numbers(repairs.due([2], 10.11, 0.1, 0)) == [2]


def test_repairs_have_a_rate() -> None:
    repairs = Repairs(filled(1000))
    first = repairs.due(range(1000), 10.0, None, 0)
    assert len(first) == REPAIR_BURST_BYTES // 1204 + 1
    # A second at 2 Mbit/s: half of it may be repairs.
    later = repairs.due(range(500, 1000), 11.0, None, 2_000_000)
    assert len(later) == pytest.approx(96_000 // 1204, abs=2)


def test_only_powers_of_two_are_sizes() -> None:
    with pytest.raises(ValueError, match="power of two"):
        History(1000)
