"""Signed statements: JWS in compact form (RFC 7515) with ES256 alone and one `typ` for each kind.

The signature covers the bytes as they are sent. What a reader could understand in two ways is
refused: a key that stands twice, a header with more than it needs, a text that is not canonical.
A signature's bytes name nothing: (r, n-s) verifies as well as (r, s), so replays are noticed by
what is signed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn, Protocol, TypeVar

from pydantic import ValidationError

from protocol.base import Message, describe
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.pairing import decode, encode

# The largest statement is a passkey's, of some 2 kB; more is not read at all.
JWS_LIMIT_BYTES = 8 * 1024
ALGORITHM = "ES256"


class Signer(Protocol):
    """A private key; `id` is how others know it."""

    id: str

    def sign(self, statement: bytes) -> bytes: ...


class Verifier(Protocol):
    """A public key."""

    @property
    def id(self) -> str: ...

    def verifies(self, signature: bytes, statement: bytes) -> bool: ...


AnyStatement = TypeVar("AnyStatement", bound=Message)


def seal(signer: Signer, typ: str, statement: Message) -> str:
    """`statement`, signed. LocalProtocolError when it is larger than anyone would read."""
    return seal_claims(signer, typ, statement.model_dump_json().encode())


def unseal(text: str, typ: str, key: Verifier, model: type[AnyStatement]) -> AnyStatement:
    """The statement that `key` signed; RemoteProtocolError says why there is none."""
    try:
        return model.model_validate(unseal_claims(text, typ, key))
    except ValidationError as error:
        raise RemoteProtocolError(describe(error)) from error


def signer_of(text: str, typ: str) -> str:
    """The id that claims to have signed, unverified; RemoteProtocolError."""
    return header_of(text, typ, ())["kid"]


def hash_of(what: str | bytes) -> str:
    """SHA-256 in base64url: how a statement names a text."""
    raw = what.encode() if isinstance(what, str) else what
    return encode(hashlib.sha256(raw).digest())


def seal_claims(
    signer: Signer, typ: str, claims: bytes, more: Mapping[str, str] | None = None
) -> str:
    """JSON `claims`, signed; `more` stands in the header beside alg, typ and kid."""
    header = {"alg": ALGORITHM, "typ": typ, "kid": signer.id, **(more or {})}
    signed = f"{encode(json.dumps(header, separators=(',', ':')).encode())}.{encode(claims)}"
    text = f"{signed}.{encode(signer.sign(signed.encode('ascii')))}"
    if len(text) > JWS_LIMIT_BYTES:
        raise LocalProtocolError(f"A statement of {len(text)} bytes is too large to sign.")
    return text


def unseal_claims(text: str, typ: str, key: Verifier, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """The claims that `key` signed; the header may also hold `more`. RemoteProtocolError."""
    if header_of(text, typ, more)["kid"] != key.id:
        raise RemoteProtocolError("The statement names another key than the one that signed it.")
    signed, _, signature = text.rpartition(".")
    if not key.verifies(_bytes_of(signature), signed.encode("ascii")):
        raise RemoteProtocolError("The signature does not fit the statement.")
    return _object_of(signed.partition(".")[2])


def header_of(text: str, typ: str, more: tuple[str, ...]) -> dict[str, str]:
    """The header, unverified: alg, typ, kid and perhaps `more`, all texts. RemoteProtocolError."""
    if len(text) > JWS_LIMIT_BYTES:
        raise RemoteProtocolError(f"The statement is longer than {JWS_LIMIT_BYTES} bytes.")
    if text.count(".") != 2 or not text.isascii():
        raise RemoteProtocolError("The statement is not signed as it has to be.")
    header = _object_of(text.partition(".")[0])
    needed = {"alg", "typ", "kid"}
    if not needed <= header.keys() <= needed | set(more):
        raise RemoteProtocolError("The statement's header holds something else than it should.")
    if not all(isinstance(value, str) for value in header.values()):
        raise RemoteProtocolError("The statement's header cannot be read.")
    if header["alg"] != ALGORITHM or header["typ"] != typ:
        raise RemoteProtocolError("The statement is signed in another way, or is of another kind.")
    return header


def _object_of(part: str) -> dict[str, Any]:
    try:
        # Decoded here: json would also take UTF-16 and a byte order mark.
        text = _bytes_of(part).decode("utf-8")
        value = json.loads(text, object_pairs_hook=_each_once, parse_constant=_refuse_constant)
    except RemoteProtocolError:
        raise
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError("The statement cannot be read.") from error
    if not isinstance(value, dict):
        raise RemoteProtocolError("The statement cannot be read.")
    return value


def _bytes_of(part: str) -> bytes:
    raw = decode(part)
    # Padding, or bits that nobody reads, would let two texts stand for the same statement.
    if encode(raw) != part:
        raise RemoteProtocolError("The statement is not written in base64url.")
    return raw


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RemoteProtocolError("The statement says something twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise RemoteProtocolError(f"The statement holds {name}, which is no number.")
