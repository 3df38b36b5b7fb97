"""Tokens of other software: their form, their secrecy, their end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from device.services.household import Household, HouseholdFullError, UnknownMemberError
from device.services.household_tokens import matching, minted
from protocol.household import TokenKind
from protocol.jws import hash_of
from protocol.link import TOKENS_LIMIT, ViewToken
from tests.support.noting_ledger import NotingLedger


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(tmp_path / "phones.json", ledger=NotingLedger())


@pytest.mark.parametrize(("kind", "prefix"), [("view", "dsv"), ("record", "dsr")])
def test_a_secret_has_its_form_and_is_not_kept(
    household: Household, tmp_path: Path, kind: TokenKind, prefix: str
) -> None:
    token, secret = household.mint("Kitchen tablet", kind, None)
    assert re.fullmatch(rf"{prefix}_{token.id}_[A-Za-z0-9_-]{{43}}", secret)
    assert TypeAdapter(ViewToken).validate_python(secret) == secret
    written = (tmp_path / "phones.json").read_text()
    assert secret not in written
    assert secret[-43:] not in written
    assert hash_of(secret) in written


def test_a_token_survives_a_restart_and_ends_when_revoked(
    household: Household, tmp_path: Path
) -> None:
    token, secret = household.mint("Tablet", "view", None)
    again = Household(tmp_path / "phones.json")
    assert again.token_holder(secret) is not None
    again.revoke(token.id)
    assert again.token_holder(secret) is None
    assert not again.holds(token.id)
    assert Household(tmp_path / "phones.json").tokens == ()
    with pytest.raises(UnknownMemberError, match="no such token"):
        again.revoke(token.id)


def test_only_the_whole_secret_is_the_secret(household: Household) -> None:
    token, secret = household.mint("Tablet", "view", None)
    _, record = household.mint("Recorder", "record", None)
    lies = [
        *(secret[:-1], secret + "A", secret.upper(), f"dsv_{token.id}_", token.id, ""),
        *(record, record.replace("dsr_", "dsv_"), secret.replace("dsv_", "dsr_"), hash_of(secret)),
    ]
    assert [household.token_holder(lie) for lie in lies] == [None] * len(lies)
    assert household.token_holder(secret) is not None


@given(st.text())
def test_nothing_made_up_matches(text: str) -> None:
    kept, secret = minted("Tablet", "view", 0, None)
    assert (matching((kept,), "view", text) is not None) is (text == secret)


def test_two_tokens_are_never_the_same() -> None:
    made = [minted("Tablet", "view", 0, None) for _ in range(1000)]
    assert len({secret for _, secret in made}) == 1000


def test_there_are_so_many_tokens_and_no_more(household: Household) -> None:
    for number in range(TOKENS_LIMIT):
        household.mint(f"Tablet {number}", "record", None)
    with pytest.raises(HouseholdFullError, match="Revoke one first"):
        household.mint("One more", "view", None)
    assert len(household.members().tokens) == TOKENS_LIMIT
