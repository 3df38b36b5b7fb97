"""Who wants in without the code: guesses, replays, races, floods, and a server that lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.core.pairing import WRONG_TRIES
from device.services.pairing import OPEN_LIMIT
from protocol.identity import Identity
from protocol.pairing import PairChallenge, Paired, PairHello, PairProof, encode
from tests.support.pairing_house import PairingHouse, PairingPhone, challenge_of, reason_of

# So many strangers that none of them gets in by luck.
GUESSES = 10_000


@pytest.fixture
def house(tmp_path: Path) -> PairingHouse:
    return PairingHouse(tmp_path)


def names(house: PairingHouse) -> list[str]:
    return [known.phone.name for known in house.household.phones]


def stranger_hello(house: PairingHouse, key: Identity, number: int) -> PairHello:
    return PairHello(device_id=house.identity.id, public_key=key.public.text,
                     nonce=encode(number.to_bytes(16)), name="Mallory")  # fmt: skip


def test_ten_thousand_guesses_let_nobody_in_and_do_not_fill_the_log(house: PairingHouse) -> None:
    house.pairing.invite()
    mallory = Identity.generate()
    for number in range(GUESSES):
        reply = house.pairing.step(stranger_hello(house, mallory, number))
        pairing = reply.pairing if isinstance(reply, PairChallenge) else "a" * 16
        guess = PairProof(device_id=house.identity.id, pairing=pairing,
                          proof=encode(number.to_bytes(32)))  # fmt: skip
        assert reason_of(house.pairing.step(guess)) in ("wrong", "exhausted")
    assert names(house) == []
    # Every wrong proof stands in the log, and once that the code is dead.
    assert house.ledger.whats.count("pairing_refused") == WRONG_TRIES + 1


def test_ten_thousand_guesses_at_ever_new_codes_let_nobody_in(house: PairingHouse) -> None:
    """As if the household made a new code whenever one is dead; every guess is looked at."""
    mallory = Identity.generate()
    for number in range(GUESSES):
        if number % WRONG_TRIES == 0:
            house.pairing.invite()
        challenge = challenge_of(house.pairing.step(stranger_hello(house, mallory, number)))
        guess = PairProof(device_id=house.identity.id, pairing=challenge.pairing,
                          proof=encode(number.to_bytes(32)))  # fmt: skip
        assert reason_of(house.pairing.step(guess)) == "wrong"
    assert names(house) == []
    assert house.ledger.whats.count("pairing_refused") == GUESSES


@given(st.binary(min_size=32, max_size=32))
def test_no_proof_but_the_right_one_lets_in(proof: bytes) -> None:
    with pytest.MonkeyPatch.context() as disk:
        disk.setattr("device.services.household.write_whole", lambda path, text: None)
        house = PairingHouse(Path("/nowhere"))
        phone = PairingPhone(house.pairing.invite())
        right = phone.proof(challenge_of(house.pairing.step(phone.hello())))
        forged = right.model_copy(update={"proof": encode(proof)})
        assert reason_of(house.pairing.step(forged)) == "wrong"
        assert names(house) == []


def test_a_proof_works_once(house: PairingHouse) -> None:
    phone = PairingPhone(house.pairing.invite())
    proof = phone.proof(challenge_of(house.pairing.step(phone.hello())))
    assert isinstance(house.pairing.step(proof), Paired)
    assert reason_of(house.pairing.step(proof)) == "used"
    house.pairing.invite()
    assert reason_of(house.pairing.step(proof)) == "unknown"
    assert names(house) == ["Anna"]


def test_a_proof_for_one_conversation_does_not_fit_another(house: PairingHouse) -> None:
    phone = PairingPhone(house.pairing.invite())
    first = challenge_of(house.pairing.step(phone.hello()))
    second = challenge_of(house.pairing.step(phone.hello()))
    crossed = phone.proof(first).model_copy(update={"pairing": second.pairing})
    assert reason_of(house.pairing.step(crossed)) == "wrong"
    assert isinstance(house.pairing.step(phone.proof(first)), Paired)


def test_of_two_phones_with_one_code_the_first_wins(house: PairingHouse) -> None:
    invitation = house.pairing.invite()
    anna, ben = PairingPhone(invitation, "Anna"), PairingPhone(invitation, "Ben")
    for_anna = challenge_of(house.pairing.step(anna.hello()))
    for_ben = challenge_of(house.pairing.step(ben.hello()))
    assert isinstance(house.pairing.step(ben.proof(for_ben)), Paired)
    assert reason_of(house.pairing.step(anna.proof(for_anna))) == "used"
    assert names(house) == ["Ben"]


def test_the_server_cannot_put_its_own_key_in_the_phones_place(house: PairingHouse) -> None:
    """It knows everything but the secret: it may swap the key on the way in."""
    phone, server = PairingPhone(house.pairing.invite()), Identity.generate()
    swapped = phone.hello().model_copy(update={"public_key": server.public.text})
    challenge = challenge_of(house.pairing.step(swapped))
    # An honest phone sees that the doorbell has heard of another key, and says nothing more.
    assert not phone.believes(challenge)
    assert reason_of(house.pairing.step(phone.proof(challenge))) == "wrong"
    assert names(house) == []


@pytest.mark.parametrize("part", ["nonce", "name"])
def test_the_server_cannot_change_what_the_phone_said(house: PairingHouse, part: str) -> None:
    phone = PairingPhone(house.pairing.invite())
    changed = phone.hello().model_copy(update={part: "Mallory"})
    challenge = challenge_of(house.pairing.step(changed))
    assert not phone.believes(challenge)
    assert reason_of(house.pairing.step(phone.proof(challenge))) == "wrong"
    assert names(house) == []


def test_the_server_cannot_be_the_doorbell(house: PairingHouse) -> None:
    """Whatever it makes of the real challenge, the phone does not believe it."""
    phone, server = PairingPhone(house.pairing.invite()), Identity.generate()
    real = challenge_of(house.pairing.step(phone.hello()))
    own_key = {"public_key": server.public.text}
    with_guess = {"proof": phone.transcript(real).proof(b"x" * 16, "doorbell")}
    echoed = {"proof": phone.proof(real).proof}
    for lie in (own_key, own_key | with_guess, with_guess, echoed, {"nonce": encode(b"m" * 16)}):
        assert not phone.believes(real.model_copy(update=lie))
    assert phone.believes(real)


def test_the_doorbells_own_proof_is_no_proof_of_a_phone(house: PairingHouse) -> None:
    phone = PairingPhone(house.pairing.invite())
    challenge = challenge_of(house.pairing.step(phone.hello()))
    mirrored = phone.proof(challenge).model_copy(update={"proof": challenge.proof})
    assert reason_of(house.pairing.step(mirrored)) == "wrong"


def test_another_doorbells_conversation_opens_nothing_here(
    house: PairingHouse, tmp_path: Path
) -> None:
    other = PairingHouse(tmp_path / "other")
    house.pairing.invite()
    phone = PairingPhone(other.pairing.invite())
    assert reason_of(house.pairing.step(phone.hello())) == "unknown"
    theirs = phone.proof(challenge_of(other.pairing.step(phone.hello())))
    assert reason_of(house.pairing.step(theirs)) == "unknown"
    here = theirs.model_copy(update={"device_id": house.identity.id})
    assert reason_of(house.pairing.step(here)) == "unknown"
    assert names(house) == []


def test_another_doorbells_proof_does_not_fit_a_conversation_here(
    house: PairingHouse, tmp_path: Path
) -> None:
    other = PairingHouse(tmp_path / "other")
    ours, theirs = PairingPhone(house.pairing.invite()), PairingPhone(other.pairing.invite())
    here = challenge_of(house.pairing.step(ours.hello()))
    there = theirs.proof(challenge_of(other.pairing.step(theirs.hello())))
    crossed = there.model_copy(update={"device_id": house.identity.id, "pairing": here.pairing})
    assert reason_of(house.pairing.step(crossed)) == "wrong"


def test_a_flood_within_one_round_trip_pushes_no_honest_phone_out(house: PairingHouse) -> None:
    phone, mallory = PairingPhone(house.pairing.invite()), Identity.generate()
    challenge = challenge_of(house.pairing.step(phone.hello()))
    for number in range(OPEN_LIMIT - 1):
        house.pairing.step(stranger_hello(house, mallory, number))
    assert isinstance(house.pairing.step(phone.proof(challenge)), Paired)


def test_under_a_standing_flood_an_honest_phone_gets_in_after_some_tries(
    house: PairingHouse,
) -> None:
    """Twice as many hellos as are remembered come between each hello and its proof."""
    phone, mallory = PairingPhone(house.pairing.invite()), Identity.generate()
    tries, number = 0, 0
    while not names(house):
        tries += 1
        challenge = challenge_of(house.pairing.step(phone.hello()))
        for _ in range(2 * OPEN_LIMIT):
            number += 1
            house.pairing.step(stranger_hello(house, mallory, number))
        house.pairing.step(phone.proof(challenge))
        assert tries < 50
    assert names(house) == ["Anna"]
    # What was pushed out counts as no wrong try, and is noted once.
    assert tries > 1
    assert house.ledger.whats == ["invited", "pairing_refused", "paired"]


def test_a_flood_is_forgotten_with_its_code(house: PairingHouse) -> None:
    house.pairing.invite()
    mallory = Identity.generate()
    for number in range(3 * OPEN_LIMIT):
        house.pairing.step(stranger_hello(house, mallory, number))
    assert len(house.pairing._begun) == OPEN_LIMIT
    house.pairing.withdraw()
    assert len(house.pairing._begun) == 0


def test_strangers_without_a_code_are_noted_once(house: PairingHouse) -> None:
    mallory = Identity.generate()
    for number in range(100):
        assert reason_of(house.pairing.step(stranger_hello(house, mallory, number))) == "unknown"
    assert house.ledger.whats == ["pairing_refused"]
