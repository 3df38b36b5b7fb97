"""Keys, ids and tokens."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol import jws
from protocol.errors import RemoteProtocolError
from protocol.identity import (
    AUDIENCES,
    CLOCK_TOLERANCE_S,
    TOKEN_LIFE_S,
    TOKEN_TYP,
    Identity,
    PublicKey,
    Purpose,
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


@pytest.mark.parametrize("made_for", list(AUDIENCES))
def test_a_token_opens_what_it_was_made_for_and_nothing_else(made_for: Purpose) -> None:
    token = IDENTITY.token(made_for, NOW_S)
    assert verify_token(token, IDENTITY.public, made_for, NOW_S)["aud"] == AUDIENCES[made_for]
    for other in set(AUDIENCES) - {made_for}:
        with pytest.raises(RemoteProtocolError, match="purpose"):
            verify_token(token, IDENTITY.public, other, NOW_S)


def test_audiences_differ() -> None:
    assert len(set(AUDIENCES.values())) == len(AUDIENCES) == 4


@pytest.mark.parametrize("claims", [
    {"aud": "doorstep-link"}, {"purpose": "link"}, {"aud": ["doorstep-api", "doorstep-link"]},
    {"aud": None}, {"iss": "a" * 26}, {"jti": 7}, {"jti": None}, {"exp": None}, {"iat": None},
    {"exp": NOW_S + 30.5}, {"iat": True}, {"exp": str(int(NOW_S))},
])  # fmt: skip
def test_a_token_is_whole_and_says_the_same_everywhere(claims: dict[str, object]) -> None:
    """What claims one thing here and another there is for nobody."""
    now = int(NOW_S)
    whole: dict[str, object] = {
        "iss": IDENTITY.id, "aud": AUDIENCES["api"], "purpose": "api", "iat": now, "exp": now + 60,
        "jti": "once",
    }  # fmt: skip
    assert verify_token(token_of(whole), IDENTITY.public, "api", NOW_S) == whole
    with pytest.raises(RemoteProtocolError):
        verify_token(token_of(whole | claims), IDENTITY.public, "api", NOW_S)


def token_of(claims: dict[str, object]) -> str:
    """Signed, whatever it claims."""
    header = {"spki": IDENTITY.public.text}
    return jws.seal_claims(IDENTITY, TOKEN_TYP, json.dumps(claims).encode(), header)


def test_a_signed_statement_is_no_token() -> None:
    claims = {"iss": IDENTITY.id, "aud": AUDIENCES["api"], "purpose": "api", "iat": int(NOW_S),
              "exp": int(NOW_S) + 60, "jti": "once"}  # fmt: skip
    text = jws.seal_claims(IDENTITY, "doorstep-command+jws", json.dumps(claims).encode())
    with pytest.raises(RemoteProtocolError, match="another kind"):
        verify_token(text, IDENTITY.public, "api", NOW_S)


def test_a_token_by_another_key_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        verify_token(Identity.generate().token("api", NOW_S), IDENTITY.public, "api", NOW_S)


def test_a_token_that_would_live_for_ever_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="too long"):
        verify_token(IDENTITY.token("api", NOW_S, life_s=86_400), IDENTITY.public, "api", NOW_S)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """Even when everything else is right, and the public key is taken for a shared secret."""
    now = int(NOW_S)
    claims = {"iss": IDENTITY.id, "aud": AUDIENCES["api"], "purpose": "api", "iat": now,
              "exp": now + 60, "jti": "once"}  # fmt: skip
    key = "" if algorithm == "none" else IDENTITY.public.text
    headers = {"typ": TOKEN_TYP, "kid": IDENTITY.id, "spki": IDENTITY.public.text}
    forged = jwt.encode(claims, key, algorithm, headers)
    for read in (lambda: claimed_issuer(forged),
                 lambda: verify_token(forged, IDENTITY.public, "api", NOW_S)):  # fmt: skip
        with pytest.raises(RemoteProtocolError, match="signed in another way"):
            read()


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
