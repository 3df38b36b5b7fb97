from __future__ import annotations

import pytest

from device.services.challenges import CHALLENGE_VALID_S, Challenges
from protocol.pairing import decode
from tests.support.hand_turned_time import VirtualClock

CALL, OTHER_CALL, PHONE = "call-0001", "call-0002", "a" * 26


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def challenges(clock: VirtualClock) -> Challenges:
    return Challenges(clock.now)


def test_a_challenge_is_taken_once_and_by_its_call_alone(challenges: Challenges) -> None:
    challenge = challenges.issue(CALL, PHONE)
    assert len(decode(challenge)) == 16
    assert challenges.take(OTHER_CALL) is None
    issued = challenges.take(CALL)
    assert issued is not None
    assert (issued.challenge, issued.phone) == (challenge, PHONE)
    assert challenges.take(CALL) is None


def test_a_new_one_voids_the_one_before(challenges: Challenges) -> None:
    first, second = challenges.issue(CALL, PHONE), challenges.issue(CALL, PHONE)
    assert first != second
    issued = challenges.take(CALL)
    assert issued is not None
    assert issued.challenge == second


def test_it_runs_out_to_the_moment(challenges: Challenges, clock: VirtualClock) -> None:
    challenges.issue(CALL, PHONE)
    issued = challenges.take(CALL)
    assert issued is not None
    clock.now_s += CHALLENGE_VALID_S - 0.001
    assert not challenges.is_stale(issued)
    clock.now_s += 0.001
    assert challenges.is_stale(issued)
