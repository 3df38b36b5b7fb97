"""The gate: whoever carries a call can change nothing of it, and nobody else gets in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from device.services.call_nonces import OPEN_LIMIT, OPEN_PER_PHONE
from protocol import jws
from protocol.base import SDP_LIMIT_BYTES
from protocol.calls import (
    ANSWER_TYP,
    NONCE_VALID_S,
    OFFER_TYP,
    AnswerStatement,
    CallChallenge,
    fingerprint_of,
)
from protocol.door import Window
from protocol.household import Access
from protocol.identity import Identity
from protocol.pairing import decode, encode
from scripts.signed_call import SignedOffer
from tests.support.entrance import a_nonce
from tests.support.gate_rig import AIORTC, CHROMIUM, DATA_ONLY, KINDS, REAL, Gate


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


@REAL
def test_a_paired_phone_comes_in_and_gets_a_sealed_answer(gate: Gate, sdp: str) -> None:
    signed = gate.signed(sdp, answers="visit-0001")
    admitted = gate.admit(sdp, signed.signature, answers="visit-0001")
    assert admitted.phone == gate.household.effective(gate.anna.id)
    assert (admitted.token, admitted.answers) == ("", "visit-0001")
    assert (admitted.sdp, admitted.fingerprint) == (sdp, fingerprint_of(sdp))
    assert (admitted.kinds, admitted.data_only) == (KINDS, False)
    answer = sdp.replace("actpass", "active").replace(fingerprint_of(sdp), "AB" + ":01" * 31)
    signature, channel = admitted.seal(answer)
    assert signed.checked(answer, signature) == channel
    assert gate.entrance.ledger.rows == []


@pytest.mark.parametrize(
    ("signed", "said"),
    [(None, "visit-0001"), ("visit-0001", None), ("visit-0001", "visit-0002")],
)
def test_nobody_else_says_which_ring_a_phone_answers(
    gate: Gate, signed: str | None, said: str | None
) -> None:
    offer = gate.signed(AIORTC, answers=signed)
    more = {"answers": said} if said else {}
    assert "changed" in gate.refusal(AIORTC, offer.signature, **more)


def without(lines: list[str], number: int) -> list[str]:
    return lines[:number] + lines[number + 1 :]


def doubled(lines: list[str], number: int) -> list[str]:
    return lines[: number + 1] + lines[number:]


def altered(lines: list[str], number: int) -> list[str]:
    """Its last character is another one."""
    line = lines[number].rstrip("\r\n")
    changed = line[:-1] + ("0" if line[-1] != "0" else "1")
    return [*lines[:number], changed + "\r\n", *lines[number + 1 :]]


def moved(lines: list[str], number: int) -> list[str]:
    return [lines[number], *without(lines, number)] if number else [*lines[1:], lines[0]]


@REAL
@pytest.mark.parametrize("change", [without, doubled, altered, moved])
def test_every_line_counts(
    gate: Gate, sdp: str, change: Callable[[list[str], int], list[str]]
) -> None:
    lines = sdp.splitlines(keepends=True)
    assert len(lines) > 60
    for number in range(len(lines)):
        changed = "".join(change(lines, number))
        assert changed != sdp
        assert "changed on its way" in gate.refusal(changed, gate.signed(sdp).signature), number
    assert gate.admit(sdp, gate.signed(sdp).signature).phone is not None


@REAL
def test_endings_and_blanks_count_too(gate: Gate, sdp: str) -> None:
    for changed in (sdp.replace("\r\n", "\n"), sdp + "\r\n", sdp + " ", sdp[:-2], sdp.upper(), ""):
        assert "changed on its way" in gate.refusal(changed, gate.signed(sdp).signature)


@REAL
def test_another_fingerprint_does_not_come_in(gate: Gate, sdp: str) -> None:
    mine, other = fingerprint_of(sdp), "AB" + ":01" * 31
    swapped = sdp.replace(mine, other)
    assert "changed on its way" in gate.refusal(swapped, gate.signed(sdp).signature)
    # Even if it could be signed: SDP and statement have to name the same one.
    for text, stated in ((swapped, mine), (sdp, other)):
        statement = gate.statement(sdp, fingerprint=stated, sdp_hash=jws.hash_of(text))
        assert "one sha-256 fingerprint" in gate.refusal(text, gate.seal(statement))


@REAL
@pytest.mark.parametrize("change", [
    lambda line: "",
    lambda line: line + line.replace("sha-256 ", "sha-256 00:"),
    lambda line: line + "a=fingerprint:sha-1 AA:BB\r\n",
    lambda line: line.replace("sha-256", "sha-512"),
    lambda line: line.replace("a=fingerprint", "a=Fingerprint"),
])  # fmt: skip
def test_a_phone_names_one_fingerprint(gate: Gate, sdp: str, change: Callable[[str], str]) -> None:
    line = next(line for line in sdp.splitlines(True) if line.startswith("a=fingerprint"))
    text = sdp.replace(line, change(line))
    statement = gate.statement(sdp, sdp_hash=jws.hash_of(text))
    assert gate.refusal(text, gate.seal(statement))


def test_offers_and_answers_of_other_calls_are_worth_nothing(gate: Gate) -> None:
    ben = gate.paired("Ben", "view")
    bens = gate.signed(CHROMIUM, ben)
    assert "changed on its way" in gate.refusal(AIORTC, bens.signature)
    signed = gate.signed(AIORTC)
    answer, _ = gate.admit(AIORTC, signed.signature).seal(CHROMIUM)
    assert "does not fit" in gate.refusal(CHROMIUM, answer)
    statement = gate.statement(AIORTC)
    shared = {key: value for key, value in statement.items() if key != "answers"}
    as_answer = AnswerStatement.model_validate(
        shared | {"role": "answer", "offer_hash": jws.hash_of("")}
    ).model_dump()
    for typ, claims in ((ANSWER_TYP, statement), (ANSWER_TYP, as_answer), (OFFER_TYP, as_answer)):
        assert "does not fit" in gate.refusal(AIORTC, gate.seal(claims, typ))


def test_an_offer_comes_in_once(gate: Gate) -> None:
    signed = gate.signed(AIORTC)
    gate.admit(AIORTC, signed.signature)
    assert "came twice" in gate.refusal(AIORTC, signed.signature)


@pytest.mark.parametrize("first_is_malleated", [False, True])
def test_the_other_signature_over_the_same_offer_is_a_replay(
    gate: Gate, first_is_malleated: bool
) -> None:
    signature = gate.signed(AIORTC).signature
    both = [signature, malleated(signature)]
    assert both[0] != both[1]
    if first_is_malleated:
        both.reverse()
    gate.admit(AIORTC, both[0])
    assert "came twice" in gate.refusal(AIORTC, both[1])


# The order of P-256's base point.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def malleated(signature: str) -> str:
    """(r, n-s), which verifies as well as (r, s)."""
    signed, _, raw = signature.rpartition(".")
    r, s = decode(raw)[:32], int.from_bytes(decode(raw)[32:])
    return f"{signed}.{encode(r + (P256_ORDER - s).to_bytes(32))}"


def test_a_session_is_named_once(gate: Gate) -> None:
    first = gate.statement(AIORTC)
    gate.admit(AIORTC, gate.seal(first))
    second = gate.statement(AIORTC, session=first["session"])
    assert "came twice" in gate.refusal(AIORTC, gate.seal(second))


def test_an_offer_for_another_doorbell_stays_out(gate: Gate, tmp_path: Path) -> None:
    other = Gate(tmp_path / "other")
    other.household.welcome(gate.anna.public, "Anna")
    assert "another doorbell" in other.refusal(AIORTC, gate.signed(AIORTC).signature)
    # Nor does a doorbell believe another's nonce.
    statement = gate.statement(AIORTC, doorbell=other.entrance.identity.id)
    assert "too long ago" in other.refusal(AIORTC, gate.seal(statement))


def test_a_nonce_is_for_the_phone_that_asked(gate: Gate) -> None:
    ben = gate.paired("Ben", "view")
    nonce = gate.nonce(ben)
    assert "too long ago" in gate.refusal(
        AIORTC, gate.seal(gate.statement(AIORTC, doorbell_nonce=nonce))
    )
    signed = SignedOffer.make(ben, gate.entrance.identity.public, nonce, AIORTC)
    assert gate.admit(AIORTC, signed.signature).phone is not None


def test_nobody_signs_for_another_phone(gate: Gate) -> None:
    ben = gate.paired("Ben", "view")
    statement = gate.statement(AIORTC, phone=ben.id, doorbell_nonce=gate.nonce(ben))
    assert "does not fit" in gate.refusal(AIORTC, gate.seal(statement))


def test_a_nonce_grows_old_by_the_doorbells_own_clock(gate: Gate) -> None:
    late, just = gate.signed(AIORTC), gate.signed(AIORTC)
    gate.clock.now_s += NONCE_VALID_S - 0.001
    gate.admit(AIORTC, just.signature)
    gate.clock.now_s += 0.001
    assert "too long ago" in gate.refusal(AIORTC, late.signature)


def test_a_nonce_is_spent_whatever_becomes_of_the_offer(gate: Gate) -> None:
    signed = gate.signed(AIORTC)
    assert "changed on its way" in gate.refusal(AIORTC + "a=x\r\n", signed.signature)
    assert "came twice" in gate.refusal(AIORTC, signed.signature)


def test_a_nonce_is_good_for_one_offer_although_the_next_has_a_session_of_its_own(
    gate: Gate,
) -> None:
    first = gate.statement(AIORTC)
    gate.admit(AIORTC, gate.seal(first))
    second = gate.statement(AIORTC, doorbell_nonce=first["doorbell_nonce"])
    assert second["session"] != first["session"]
    assert "came twice" in gate.refusal(AIORTC, gate.seal(second))


def test_an_invented_nonce_is_none(gate: Gate) -> None:
    statement = gate.statement(AIORTC, doorbell_nonce=a_nonce())
    assert "too long ago" in gate.refusal(AIORTC, gate.seal(statement))


def test_a_phone_keeps_few_nonces_and_pushes_out_its_own(gate: Gate) -> None:
    ben = gate.paired("Ben", "view")
    bens = gate.signed(AIORTC, ben)
    oldest = gate.signed(AIORTC)
    newer = [gate.signed(AIORTC) for _ in range(OPEN_PER_PHONE)]
    assert "too long ago" in gate.refusal(AIORTC, oldest.signature)
    for signed in (*newer, bens):
        assert gate.admit(AIORTC, signed.signature).phone is not None


def test_there_are_so_many_nonces_and_strangers_have_none(gate: Gate) -> None:
    nonces = gate.entrance.gate._nonces
    for _ in range(OPEN_LIMIT):
        challenge = gate.entrance.gate.challenge("z" * 26)
        assert challenge == CallChallenge(nonce=challenge.nonce, valid_s=NONCE_VALID_S)
    assert len(nonces) == 0
    first = gate.signed(AIORTC)
    for number in range(OPEN_LIMIT):
        gate.nonce(gate.paired(f"Phone {number}", "view"))
        assert len(nonces) <= OPEN_LIMIT
    assert "too long ago" in gate.refusal(AIORTC, first.signature)


def test_strangers_and_removed_phones_stay_out(gate: Gate) -> None:
    stranger = gate.signed(AIORTC, Identity.generate())
    assert "not paired" in gate.refusal(AIORTC, stranger.signature)
    signed = gate.signed(AIORTC)
    gate.household.remove(gate.anna.id)
    assert "not paired" in gate.refusal(AIORTC, signed.signature)


def test_a_key_that_borrows_a_phones_name_stays_out(gate: Gate) -> None:
    thief = Identity.generate()
    thief.id = gate.anna.id
    assert "does not fit" in gate.refusal(AIORTC, gate.signed(AIORTC, thief).signature)


def test_the_unsigned_stay_out(gate: Gate) -> None:
    assert "not signed" in gate.refusal(AIORTC, None)
    assert "not signed" in gate.refusal(CHROMIUM, None)


def test_the_log_names_who_has_proved_to_be_it_and_nobody_else(gate: Gate) -> None:
    gate.refusal(AIORTC + " ", gate.signed(AIORTC).signature)
    gate.refusal(AIORTC, gate.signed(AIORTC).signature + "A")
    assert [who for who, _ in gate.entrance.told("call_refused")] == [gate.anna.id, ""]


@REAL
@pytest.mark.parametrize("setup", ["a=setup:active\r\n", "a=setup:holdconn\r\n", ""])
def test_the_doorbell_begins_the_handshake_or_there_is_none(
    gate: Gate, sdp: str, setup: str
) -> None:
    everywhere = sdp.replace("a=setup:actpass\r\n", setup)
    in_one = sdp.replace("a=setup:actpass\r\n", setup, 1)
    for text in (everywhere, in_one):
        assert text != sdp
        gate.refusal(text, gate.signed(text).signature)
    passive = sdp.replace("a=setup:actpass", "a=setup:passive")
    assert gate.admit(passive, gate.signed(passive).signature).phone is not None


@REAL
def test_all_sections_share_one_bundle(gate: Gate, sdp: str) -> None:
    for text in (sdp.replace("BUNDLE 0 1 2", "BUNDLE 0 1"), sdp.replace("a=group:BUNDLE", "a=x")):
        assert "bundle" in gate.refusal(text, gate.signed(text).signature)


def test_picture_and_sound_take_the_right_to_view_as_it_is_now(gate: Gate) -> None:
    window = Window(days=(5, 6), start=0, end=60)
    for access in (Access(rights=("talk", "unlock")), Access(rights=("view",), until_ms=1),
                   Access(rights=("view",), windows=(window,))):  # fmt: skip
        gate.household.change(gate.anna.id, "Anna", access)
        assert "may not see" in gate.refusal(AIORTC, gate.signed(AIORTC).signature)
        admitted = gate.admit(DATA_ONLY, gate.signed(DATA_ONLY).signature)
        assert admitted.data_only
        assert gate.entrance.gate.stands(admitted)


def test_software_may_name_further_hashes_of_its_certificate(gate: Gate) -> None:
    _, secret = gate.household.mint("Screen", "view", None)
    more = AIORTC + "a=fingerprint:sha-512 " + ":".join(["00"] * 64) + "\r\n"
    admitted = gate.admit(more, None, view_token=secret)
    assert (admitted.sdp, admitted.fingerprint) == (AIORTC, fingerprint_of(AIORTC))


def test_a_view_token_brings_picture_and_sound_and_nothing_else(gate: Gate) -> None:
    token, secret = gate.household.mint("Screen", "view", None)
    admitted = gate.admit(AIORTC, None, view_token=secret, answers="visit-0001")
    assert (admitted.phone, admitted.token, admitted.name) == (None, token.id, "Screen")
    assert (admitted.answers, admitted.seal("v=0")) == (None, (None, ""))
    assert not gate.entrance.gate.may_talk(admitted)
    assert "neither" in gate.refusal(DATA_ONLY, None, view_token=secret)
    _, record = gate.household.mint("Recorder", "record", None)
    for other in (record, secret[:-1], secret + "A", "", "dsv_", token.id, "é"):
        assert "view token" in gate.refusal(AIORTC, None, view_token=other)
    # A signature that does not hold is not made good by a token.
    assert "does not fit" in gate.refusal(AIORTC, "a.b.c", view_token=secret)
    gate.household.revoke(token.id)
    assert not gate.entrance.gate.stands(admitted)
    assert "view token" in gate.refusal(AIORTC, None, view_token=secret)


def test_who_stands_is_asked_of_the_household(gate: Gate) -> None:
    gate_ = gate.entrance.gate
    admitted = gate.admit(AIORTC, gate.signed(AIORTC).signature)
    data_only = gate.admit(DATA_ONLY, gate.signed(DATA_ONLY).signature)
    assert gate_.stands(admitted)
    assert gate_.may_talk(admitted)
    gate.household.change(gate.anna.id, "Anna", Access(rights=("view",)))
    assert (gate_.stands(admitted), gate_.may_talk(admitted)) == (True, False)
    gate.household.change(gate.anna.id, "Anna", Access(rights=("talk",)))
    assert (gate_.stands(admitted), gate_.stands(data_only)) == (False, True)
    gate.household.remove(gate.anna.id)
    assert (gate_.stands(data_only), gate_.may_talk(data_only)) == (False, False)


def test_oversize_is_refused_before_it_is_read(gate: Gate) -> None:
    large = AIORTC + "a=x\r\n" * (SDP_LIMIT_BYTES // 5)
    assert str(SDP_LIMIT_BYTES) in gate.refusal(large, gate.signed(AIORTC).signature)
    assert str(SDP_LIMIT_BYTES) in gate.refusal("é" * (SDP_LIMIT_BYTES // 2 + 1), None)
