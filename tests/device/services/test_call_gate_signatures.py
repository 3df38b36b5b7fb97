"""Signatures at the gate: one way to sign, one way to write it, and no text that breaks it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.services.call_gate import NotAdmittedError
from protocol import jws
from protocol.calls import (
    ANSWER_TYP,
    OFFER_TYP,
    fingerprint_of,
)
from protocol.pairing import decode, encode
from tests.support.gate_rig import AIORTC, CHROMIUM, Gate, offer_of


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def header_of(**changes: str | None) -> dict[str, Any]:
    whole = {"alg": "ES256", "typ": OFFER_TYP, "kid": "?"} | changes
    return {name: value for name, value in whole.items() if value is not None}


def part(value: object) -> str:
    return encode(value if isinstance(value, bytes) else json.dumps(value).encode())


@pytest.mark.parametrize("header", [
    header_of(alg="none"), header_of(alg="None"), header_of(alg="HS256"), header_of(alg="ES384"),
    header_of(alg=None), header_of(typ=ANSWER_TYP), header_of(typ="JWT"), header_of(typ=None),
    header_of(jwk="{}"), header_of(crit="x"), header_of(b64="false"), header_of(x5u="https://a"),
])  # fmt: skip
def test_other_kinds_of_signature_are_none(gate: Gate, header: dict[str, Any]) -> None:
    if "kid" in header:
        header = header | {"kid": gate.anna.id}
    signed = f"{part(header)}.{part(gate.statement(AIORTC))}"
    mac = hmac.digest(gate.anna.public.spki, signed.encode(), hashlib.sha256)
    for signature in (gate.anna.sign(signed.encode()), mac, b"", bytes(64)):
        assert "does not fit" in gate.refusal(AIORTC, f"{signed}.{encode(signature)}")


def test_what_can_be_read_in_two_ways_is_refused(gate: Gate) -> None:
    header = part(header_of(kid=gate.anna.id))
    whole = json.dumps(gate.statement(AIORTC))
    twice = whole[:-1] + f', "phone": "{gate.anna.id}"}}'
    more = whole[:-1] + ', "view": true}'
    answer, odd = whole.replace('"offer"', '"answer"'), whole.replace('"offer"', "NaN")
    for claims in (twice, more, answer, odd, f"[{whole}]", whole + whole, whole[:-1], "null", "",
                   "[" * 4000):  # fmt: skip
        signed = f"{header}.{part(claims.encode())}"
        signature = encode(gate.anna.sign(signed.encode()))
        assert "does not fit" in gate.refusal(AIORTC, f"{signed}.{signature}")


def test_a_signature_is_written_in_one_way(gate: Gate) -> None:
    signature = gate.signed(AIORTC).signature
    head, body, raw = signature.split(".")
    standard = base64.b64encode(decode(raw)).decode()
    der = encode(b"\x30\x44" + decode(raw))
    loose = raw[:-1] + chr(ord(raw[-1]) + 1)
    for text in ("", ".", "..", head, f"{head}.{body}", f"{head}.{body}.", f"{head}.{body}.{raw}=",
                 f"{head}.{body}.{standard}", f"{head}.{body}.{der}", f"{head}.{body}.{loose}",
                 f"{head}..{raw}", f".{body}.{raw}", f"{head}.{body}.{raw}.", f" {signature}",
                 f"{signature}\n", f"{head}=.{body}.{raw}", f"{head}.{body}.{encode(bytes(64))}",
                 "é" + signature, signature + "A" * 9000, "A" * 100_000):  # fmt: skip
        assert "does not fit" in gate.refusal(AIORTC, text), text[:200]
    assert gate.admit(AIORTC, signature).phone is not None


# What follows is what the parser makes of texts that their own phone has signed.

LINES = st.sampled_from(AIORTC.splitlines() + CHROMIUM.splitlines())
ODD_LINES = st.one_of(
    LINES,
    st.text(max_size=60),
    st.tuples(LINES, st.integers(0, 80), st.text(max_size=8)).map(lambda t: t[0][: t[1]] + t[2]),
)
ANYTHING = st.one_of(
    st.text(st.characters(), max_size=400),
    st.lists(ODD_LINES, max_size=60).map(lambda lines: "\r\n".join(lines) + "\r\n"),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=ANYTHING)
def test_any_text_is_admitted_or_refused_and_breaks_nothing(gate: Gate, text: str) -> None:
    fingerprint = "AB" + ":01" * 31
    try:
        fingerprint = fingerprint_of(text)
        hash_ = jws.hash_of(text)
    except ValueError:
        hash_ = jws.hash_of("")
    claims = gate.statement(AIORTC, fingerprint=fingerprint, sdp_hash=hash_)
    try:
        signature = gate.seal(claims)
    except UnicodeEncodeError:
        return
    for offer in (offer_of(text, signature), offer_of(AIORTC, text), offer_of(text, None)):
        with contextlib.suppress(NotAdmittedError):
            assert gate.entrance.gate.admit(offer).kinds
