"""Signed statements: read by others, written by others, and refused in every other shape."""

from __future__ import annotations

import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from protocol import jws
from protocol.calls import CallChallenge
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.identity import Identity, PublicKey
from protocol.pairing import decode, encode

TYP = "doorstep-test+jws"
IDENTITY = Identity.generate()
STATEMENT = CallChallenge(nonce="n" * 22, valid_s=30)
PRIVATE = serialization.load_pem_private_key(IDENTITY._pem(), None)
HEADER = {"alg": "ES256", "typ": TYP, "kid": IDENTITY.id}


def unsealed(text: str, typ: str = TYP, key: PublicKey = IDENTITY.public) -> CallChallenge:
    return jws.unseal(text, typ, key, CallChallenge)


def written(header: str, claims: str, sign: Identity = IDENTITY) -> str:
    """Signed, whatever it says."""
    signed = f"{encode(header.encode())}.{encode(claims.encode())}"
    return f"{signed}.{encode(sign.sign(signed.encode()))}"


def test_what_was_sealed_is_read() -> None:
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    assert unsealed(text) == STATEMENT
    assert jws.signer_of(text, TYP) == IDENTITY.id


def test_others_read_ours() -> None:
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    public = serialization.load_der_public_key(IDENTITY.public.spki)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    read = jwt.decode_complete(text, public, algorithms=["ES256"])
    assert (read["header"], read["payload"]) == (HEADER, STATEMENT.model_dump())


def test_we_read_others() -> None:
    text = jwt.encode(
        STATEMENT.model_dump(), PRIVATE, "ES256", {"typ": TYP, "kid": IDENTITY.id}  # type: ignore[arg-type]
    )  # fmt: skip
    assert unsealed(text) == STATEMENT


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", "ES384", "es256", ""])
def test_one_algorithm_is_read(algorithm: str) -> None:
    header = encode(json.dumps(HEADER | {"alg": algorithm}).encode())
    signed = f"{header}.{encode(STATEMENT.model_dump_json().encode())}"
    mac = hmac.digest(IDENTITY.public.spki, signed.encode(), "sha256")
    for signature in (b"", mac, IDENTITY.sign(signed.encode())):
        with pytest.raises(RemoteProtocolError, match="signed in another way"):
            unsealed(f"{signed}.{encode(signature)}")


def test_a_statement_of_another_kind_is_none() -> None:
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    for typ in ("doorstep-tesT+jws", "JWT", ""):
        with pytest.raises(RemoteProtocolError, match="another kind"):
            unsealed(text, typ)


def test_another_key_or_another_name_is_refused() -> None:
    other = Identity.generate()
    with pytest.raises(RemoteProtocolError, match="another key"):
        unsealed(jws.seal(other, TYP, STATEMENT))
    with pytest.raises(RemoteProtocolError, match="does not fit"):
        unsealed(written(json.dumps(HEADER), STATEMENT.model_dump_json(), other))
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    changed = encode(STATEMENT.model_copy(update={"valid_s": 31.0}).model_dump_json().encode())
    with pytest.raises(RemoteProtocolError, match="does not fit"):
        unsealed(".".join((text.split(".")[0], changed, text.split(".")[2])))


@pytest.mark.parametrize("header", [
    HEADER | {"crit": "b64"}, HEADER | {"jwk": "{}"}, HEADER | {"x5u": "https://a.example"},
    {"alg": "ES256", "typ": TYP}, {"alg": "ES256", "kid": IDENTITY.id}, {}, [], None, "ES256",
    HEADER | {"kid": 7}, HEADER | {"kid": None}, HEADER | {"alg": ["ES256"]},
])  # fmt: skip
def test_a_header_holds_three_texts(header: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        unsealed(written(json.dumps(header), STATEMENT.model_dump_json()))


def test_more_in_the_header_has_to_be_expected() -> None:
    text = jws.seal_claims(IDENTITY, TYP, b"{}", {"spki": "AA"})
    assert jws.unseal_claims(text, TYP, IDENTITY.public, ("spki",)) == {}
    with pytest.raises(RemoteProtocolError, match="something else"):
        jws.unseal_claims(text, TYP, IDENTITY.public)


@pytest.mark.parametrize("claims", [
    '{"nonce": "' + "n" * 22 + '", "valid_s": 30, "valid_s": 30}',
    '{"nonce": "' + "n" * 22 + '", "valid_s": 30, "more": {"a": 1, "a": 2}}',
    '{"nonce": "' + "n" * 22 + '", "valid_s": 30, "more": 1}',
    '{"nonce": "' + "n" * 22 + '", "valid_s": NaN}',
    '{"nonce": "' + "n" * 22 + '", "valid_s": Infinity}',
    '{"nonce": "' + "n" * 22 + '", "valid_s": 1e999}',
    '{"nonce": "' + "n" * 22 + '"}', "[]", "null", "", "{", "[" * 5000, "\x00",
])  # fmt: skip
def test_claims_say_one_thing(claims: str) -> None:
    with pytest.raises(RemoteProtocolError):
        unsealed(written(json.dumps(HEADER), claims))


def test_a_header_says_each_thing_once() -> None:
    twice = json.dumps(HEADER)[:-1] + f', "kid": "{IDENTITY.id}"}}'
    with pytest.raises(RemoteProtocolError):
        unsealed(written(twice, STATEMENT.model_dump_json()))


def test_claims_are_text() -> None:
    header = encode(json.dumps(HEADER).encode())
    signed = f"{header}.{encode(bytes([0xFF, 0xFE, 0x7B]))}"
    with pytest.raises(RemoteProtocolError):
        unsealed(f"{signed}.{encode(IDENTITY.sign(signed.encode()))}")


def test_there_is_one_way_to_write_it() -> None:
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    head, body, signature = text.split(".")
    # The last character has bits that nobody reads.
    loose = signature[:-1] + chr(ord(signature[-1]) + 1)
    assert decode(loose) == decode(signature)
    for other in (f"{text}=", f"{head}=.{body}.{signature}", f"{head}.{body}.{loose}",
                  f"{text}\n", f" {text}", f"{head}.{body}", f"{text}.", f"{head}.{body}.", "",
                  f"{head}.{body}.{signature}é", f"{head} .{body}.{signature}"):  # fmt: skip
        with pytest.raises(RemoteProtocolError):
            unsealed(other)


def test_the_other_signature_verifies_too() -> None:
    """Why no signature's bytes may name a statement: (r, n-s) is as good as (r, s)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    signed, _, signature = text.rpartition(".")
    r, s = decode(signature)[:32], int.from_bytes(decode(signature)[32:])
    other = f"{signed}.{encode(r + (order - s).to_bytes(32))}"
    assert (unsealed(other), other == text) == (STATEMENT, False)


def test_large_statements_are_neither_written_nor_read() -> None:
    with pytest.raises(LocalProtocolError, match="too large"):
        jws.seal_claims(IDENTITY, TYP, b'"' + b"a" * jws.JWS_LIMIT_BYTES + b'"')
    with pytest.raises(RemoteProtocolError, match="longer than"):
        unsealed(jws.seal(IDENTITY, TYP, STATEMENT) + "A" * jws.JWS_LIMIT_BYTES)


def test_a_hash_is_that_of_the_bytes() -> None:
    # SHA-256 of nothing and of "abc" (FIPS 180-4, examples).
    assert jws.hash_of("") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    assert jws.hash_of(b"abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"


@given(st.text(max_size=300), st.text(max_size=20))
def test_no_text_breaks_the_reader(text: str, typ: str) -> None:
    with pytest.raises(RemoteProtocolError):
        unsealed(text, typ)
    with pytest.raises(RemoteProtocolError):
        unsealed(f"{text}.{text}.{text}", typ)


@given(st.integers(0, 400), st.characters(codec="ascii"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    text = jws.seal(IDENTITY, TYP, STATEMENT)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    if changed == text:
        return
    with pytest.raises(RemoteProtocolError):
        unsealed(changed)
