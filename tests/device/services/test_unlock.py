from __future__ import annotations

import pytest

from device.services.unlock import CHALLENGE_VALID_S, Challenges
from protocol.control import unlock_statement
from protocol.identity import Identity
from protocol.pairing import encode

DEVICE = "a" * 26
CALL, OTHER_CALL = "call-0001", "call-0002"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def challenges(clock: Clock) -> Challenges:
    return Challenges(DEVICE, clock)


PHONE, THIEF = Identity.generate(), Identity.generate()


def signed(phone: Identity, challenge: str, call: str = CALL, device: str = DEVICE) -> str:
    return encode(phone.sign(unlock_statement(device, call, challenge)))


def redeem(challenges: Challenges, challenge: str, signature: str, call: str = CALL) -> str | None:
    return challenges.redeem(call, PHONE.id, PHONE.public, challenge, signature)


def test_a_signed_challenge_opens_once(challenges: Challenges) -> None:
    challenge = challenges.issue(CALL, PHONE.id)
    signature = signed(PHONE, challenge)
    assert redeem(challenges, challenge, signature) is None
    assert redeem(challenges, challenge, signature) is not None


def test_too_late(challenges: Challenges, clock: Clock) -> None:
    challenge = challenges.issue(CALL, PHONE.id)
    clock.now += CHALLENGE_VALID_S
    refusal = redeem(challenges, challenge, signed(PHONE, challenge))
    assert refusal == "That took too long. Slide to unlock again."


@pytest.mark.parametrize("phone", [THIEF, PHONE])
def test_the_wrong_key_or_the_wrong_words(challenges: Challenges, phone: Identity) -> None:
    challenge = challenges.issue(CALL, PHONE.id)
    signature = signed(phone, challenge, call=CALL if phone is THIEF else OTHER_CALL)
    assert "signature" in (redeem(challenges, challenge, signature) or "")


def test_another_call_or_another_phone_cannot_use_it(challenges: Challenges) -> None:
    challenge = challenges.issue(CALL, PHONE.id)
    other = signed(PHONE, challenge, call=OTHER_CALL)
    assert redeem(challenges, challenge, other, OTHER_CALL) is not None
    stolen = challenges.redeem(CALL, THIEF.id, THIEF.public, challenge, signed(THIEF, challenge))
    assert stolen is not None


def test_a_new_challenge_ends_the_old_and_the_end_of_a_call_both(challenges: Challenges) -> None:
    first = challenges.issue(CALL, PHONE.id)
    second = challenges.issue(CALL, PHONE.id)
    assert first != second
    assert redeem(challenges, first, signed(PHONE, first)) is not None
    third = challenges.issue(CALL, PHONE.id)
    challenges.forget(CALL)
    assert redeem(challenges, third, signed(PHONE, third)) is not None


def test_garbage_is_no_signature(challenges: Challenges) -> None:
    challenge = challenges.issue(CALL, PHONE.id)
    assert "signature" in (redeem(challenges, challenge, "A") or "")
