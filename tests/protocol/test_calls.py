"""What SDP may say of fingerprints, and how a call's channel is named."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from protocol.calls import AnswerStatement, OfferStatement, channel_of, fingerprint_of
from protocol.errors import RemoteProtocolError
from protocol.pairing import encode

ONE, OTHER = "0A" + ":1B" * 31, "FF" + ":00" * 31
LINE = f"a=fingerprint:sha-256 {ONE}\r\n"
STATEMENT: dict[str, Any] = {
    "doorbell": "d" * 26, "phone": "p" * 26, "session": "s" * 22, "doorbell_nonce": "n" * 22,
    "phone_nonce": "m" * 22, "fingerprint": ONE, "sdp_hash": "h" * 43,
}  # fmt: skip


@pytest.mark.parametrize("sdp", [
    LINE, "v=0\r\n" + LINE + "m=video 9\r\n", LINE + "m=audio 9\r\n" + LINE, LINE.lower(),
    LINE.replace("\r\n", "\n"), LINE.replace("sha-256", "SHA-256"),
])  # fmt: skip
def test_the_one_fingerprint_is_found(sdp: str) -> None:
    assert fingerprint_of(sdp) == ONE


@pytest.mark.parametrize("sdp", [
    "", "v=0\r\n", f"a=fingerprint:sha-256 {ONE}\r\na=fingerprint:sha-256 {OTHER}\r\n",
    LINE + "a=fingerprint:sha-1 00\r\n", LINE + "a=fingerprint:sha-512 00\r\n",
    LINE + "A=fingerprint:sha-256 00\r\n", LINE + "a=Fingerprint:sha-256 00\r\n",
    LINE + "a=fingerprint sha-256 00\r\n", LINE + "a=fingerprint\r\n", LINE + "a=fingerprint:\r\n",
    LINE + "a=fingerprints:sha-256 00\r\n",
])  # fmt: skip
def test_none_and_several_are_refused(sdp: str) -> None:
    with pytest.raises(RemoteProtocolError, match="fingerprint"):
        fingerprint_of(sdp)


@given(st.text())
def test_any_text_has_one_or_is_refused(text: str) -> None:
    for sdp in (text, LINE + text):
        try:
            found = fingerprint_of(sdp)
        except RemoteProtocolError:
            continue
        assert found.upper() == found


def test_a_channel_is_named_by_both_ends_and_the_session() -> None:
    whole = "\n".join(("doorstep-channel-1", ONE, OTHER, "s" * 22)).encode()
    channel = channel_of(ONE, OTHER, "s" * 22)
    assert channel == encode(hashlib.sha256(whole).digest())
    others = {channel_of(OTHER, ONE, "s" * 22), channel_of(ONE, ONE, "s" * 22),
              channel_of(ONE, OTHER, "t" * 22)}  # fmt: skip
    assert len(others | {channel}) == 4


@pytest.mark.parametrize("change", [
    {"doorbell": "D" * 26}, {"phone": "p" * 25}, {"session": "s" * 21}, {"session": "s" * 21 + "="},
    {"fingerprint": ONE.lower()}, {"fingerprint": ONE[:-3]}, {"fingerprint": ONE + "\n"},
    {"sdp_hash": ""}, {"role": "answer"}, {"more": 1}, {"phone_nonce": None},
])  # fmt: skip
def test_a_statement_is_exact(change: dict[str, Any]) -> None:
    assert OfferStatement(**STATEMENT).role == "offer"
    with pytest.raises(ValidationError):
        OfferStatement.model_validate(STATEMENT | change)


def test_an_offer_is_no_answer() -> None:
    offer = OfferStatement(**STATEMENT).model_dump() | {"offer_hash": "o" * 43}
    with pytest.raises(ValidationError):
        AnswerStatement.model_validate(offer)
    with pytest.raises(ValidationError):
        OfferStatement.model_validate(offer | {"role": "answer"})
