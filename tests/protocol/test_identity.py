"""Keys, ids and tokens."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.errors import RemoteProtocolError
from protocol.identity import (
    CLOCK_TOLERANCE_S,
    TOKEN_LIFE_S,
    Identity,
    PublicKey,
    claimed_issuer,
    verify_token,
)
from protocol.pairing import encode

NOW_S = 1_795_348_471.0
IDENTITY = Identity.generate()


def test_an_id_is_26_characters_of_base32() -> None:
    assert re.fullmatch(r"[a-z2-7]{26}", IDENTITY.id)
    assert PublicKey.parse(IDENTITY.public.text).id == IDENTITY.id


def test_the_key_file_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "state" / "identity.pem"
    first = Identity.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Identity.load_or_create(path).id == first.id


def test_a_token_is_read_by_whoever_has_the_key() -> None:
    token = IDENTITY.token("api", NOW_S, htm="GET")
    assert claimed_issuer(token) == (IDENTITY.id, IDENTITY.public.text)
    assert verify_token(token, IDENTITY.public, "api", NOW_S)["htm"] == "GET"


@pytest.mark.parametrize("late_s", [TOKEN_LIFE_S + CLOCK_TOLERANCE_S + 1, -CLOCK_TOLERANCE_S - 1])
def test_a_token_of_another_time_is_refused(late_s: int) -> None:
    with pytest.raises(RemoteProtocolError, match="clock"):
        verify_token(IDENTITY.token("api", NOW_S), IDENTITY.public, "api", NOW_S + late_s)


def test_a_token_for_another_purpose_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="purpose"):
        verify_token(IDENTITY.token("record", NOW_S), IDENTITY.public, "api", NOW_S)


def test_a_token_by_another_key_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        verify_token(Identity.generate().token("api", NOW_S), IDENTITY.public, "api", NOW_S)


def test_a_token_that_would_live_for_ever_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="too long"):
        verify_token(IDENTITY.token("api", NOW_S, life_s=86_400), IDENTITY.public, "api", NOW_S)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    key = "" if algorithm == "none" else "x" * 32
    forged = jwt.encode(
        {"iss": IDENTITY.id, "aud": "doorstep-server", "exp": 1, "iat": 1, "jti": "1"},
        key,
        algorithm,
    )
    with pytest.raises(RemoteProtocolError):
        verify_token(forged, IDENTITY.public, "api", NOW_S)


@pytest.mark.parametrize("token", ["", "a.b.c", "é", "." * 200])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(RemoteProtocolError):
        claimed_issuer(token)


def test_a_signature_is_over_one_statement_by_one_key() -> None:
    signature = IDENTITY.sign(b"open")
    assert IDENTITY.public.verifies(signature, b"open")
    assert not IDENTITY.public.verifies(signature, b"open!")
    assert not IDENTITY.public.verifies(signature[:-1], b"open")
    assert not Identity.generate().public.verifies(signature, b"open")


def test_only_p256_keys_are_taken() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    spki = other.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(RemoteProtocolError, match="P-256"):
        PublicKey.parse(encode(spki))
    with pytest.raises(RemoteProtocolError):
        PublicKey.parse("AAAA")
