"""The proofs of pairing, against the vector that the app's tests read too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.errors import RemoteProtocolError
from protocol.pairing import Invitation, Transcript, decode

VECTOR = json.loads(
    (Path(__file__).resolve().parents[2] / "protocol" / "samples" / "pairing.json").read_text(
        "utf-8"
    )
)
TRANSCRIPT = Transcript(**VECTOR["transcript"])
SECRET = decode(VECTOR["secret"])


def test_proofs_match_the_vector() -> None:
    assert TRANSCRIPT.proof(SECRET, "doorbell") == VECTOR["proofs"]["doorbell"]
    assert TRANSCRIPT.proof(SECRET, "phone") == VECTOR["proofs"]["phone"]


@pytest.mark.parametrize("field", sorted(VECTOR["transcript"]))
def test_a_change_anywhere_in_the_transcript_breaks_the_proof(field: str) -> None:
    altered = replace(TRANSCRIPT, **{field: VECTOR["transcript"][field] + "x"})
    assert not altered.accepts(SECRET, "phone", VECTOR["proofs"]["phone"])


def test_one_role_cannot_show_the_proof_of_the_other() -> None:
    assert not TRANSCRIPT.accepts(SECRET, "doorbell", VECTOR["proofs"]["phone"])


def test_moving_text_between_fields_changes_the_proof() -> None:
    shifted = replace(TRANSCRIPT, phone_key=TRANSCRIPT.phone_key + "A", doorbell_nonce="")
    joined = replace(TRANSCRIPT, phone_key=TRANSCRIPT.phone_key, doorbell_nonce="A")
    assert shifted.proof(SECRET, "phone") != joined.proof(SECRET, "phone")


def test_an_invitation_survives_the_link() -> None:
    invitation = Invitation.parse("#" + VECTOR["fragment"])
    assert invitation.secret == SECRET
    assert invitation.fragment() == VECTOR["fragment"]


@pytest.mark.parametrize("fragment", ["", "p=2.a.b.c", "p=1.a.b", "p=1.a.AAAA.c", "p=1.a.!.c"])
def test_a_broken_link_is_refused(fragment: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Invitation.parse(fragment)
