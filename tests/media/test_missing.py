"""Asking for packets that have not come: once at first, then again, not for ever."""

from __future__ import annotations

from media.missing import ASK_AGAIN_S, ASKED_AT_ONCE, GIVEN_UP_S, WINDOW_PACKETS, Missing


class Line:
    """Packets that arrive 10 ms apart unless said otherwise."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.now_s = 5.0
        self._missing = Missing(self.asked.append)

    def arrive(self, *numbers: int, apart_s: float = 0.01) -> None:
        for number in numbers:
            self.now_s += apart_s
            self._missing.arrived(number & 0xFFFF, self.now_s)


def test_nothing_is_asked_while_all_arrive() -> None:
    line = Line()
    line.arrive(*range(65_500, 65_600))
    assert line.asked == []


def test_a_gap_is_asked_for_at_once() -> None:
    line = Line()
    line.arrive(65_534, 65_538)
    assert line.asked == [[65_535, 0, 1]]


def test_what_came_late_is_not_asked_for_again() -> None:
    line = Line()
    line.arrive(1, 4, 2, 3)
    line.arrive(*range(5, 100))
    assert line.asked == [[2, 3]]


def test_what_does_not_come_is_asked_for_until_it_is_given_up() -> None:
    line = Line()
    line.arrive(1, 3)
    line.arrive(*range(4, 400))
    assert set(map(tuple, line.asked)) == {(2,)}
    assert len(line.asked) <= GIVEN_UP_S / ASK_AGAIN_S + 2
    assert len(line.asked) >= GIVEN_UP_S / ASK_AGAIN_S - 2


def test_a_wide_gap_is_bounded() -> None:
    line = Line()
    line.arrive(1, 20_000)
    assert len(line.asked[0]) == ASKED_AT_ONCE
    assert line.asked[0][0] == 20_000 - WINDOW_PACKETS
