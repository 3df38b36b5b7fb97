from __future__ import annotations

import pytest

from device.core.attempts import BAD_LIMIT, LIMIT, LOCKOUT_S, NAMES_LIMIT, WINDOW_S, Attempts
from tests.support.hand_turned_time import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def attempts(clock: VirtualClock) -> Attempts:
    return Attempts(clock.now)


def test_a_window_slides(attempts: Attempts, clock: VirtualClock) -> None:
    for _ in range(LIMIT):
        assert attempts.wait_s("anna") == 0
        attempts.admit("anna")
        clock.now_s += 1
    assert attempts.wait_s("anna") == WINDOW_S - LIMIT
    clock.now_s += WINDOW_S - LIMIT
    assert attempts.wait_s("anna") == 0
    attempts.admit("anna")
    assert attempts.wait_s("anna") == 1


def test_names_do_not_share(attempts: Attempts) -> None:
    for _ in range(BAD_LIMIT):
        attempts.bad("anna")
    assert attempts.wait_s("anna") == LOCKOUT_S
    assert attempts.wait_s("ben") == 0


def test_a_lockout_is_for_each_three_and_begins_anew(
    attempts: Attempts, clock: VirtualClock
) -> None:
    for _ in range(BAD_LIMIT):
        attempts.bad("anna")
    clock.now_s += LOCKOUT_S - 1
    for _ in range(BAD_LIMIT - 1):
        attempts.bad("anna")
    assert attempts.wait_s("anna") == 1
    attempts.bad("anna")
    assert attempts.wait_s("anna") == LOCKOUT_S


def test_an_opening_forgives(attempts: Attempts) -> None:
    for _ in range(BAD_LIMIT - 1):
        attempts.bad("anna")
    attempts.admit("anna")
    for _ in range(BAD_LIMIT - 1):
        attempts.bad("anna")
    assert attempts.wait_s("anna") == 0


def test_strangers_names_do_not_fill_the_memory(attempts: Attempts) -> None:
    for number in range(10 * NAMES_LIMIT):
        attempts.bad(f"phone {number}")
    assert len(attempts._records) == NAMES_LIMIT
