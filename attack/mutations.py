"""What can be done to a text that one has in hand but cannot sign: every small change of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.identity import Identity
from protocol.pairing import decode, encode

# The order of P-256's group (FIPS 186-5); (r, n - s) verifies whenever (r, s) does.
GROUP_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Forgery:
    """A changed text and what was changed."""

    how: str
    text: str


def changed_lines(sdp: str) -> Iterator[Forgery]:
    """Each line removed, doubled, altered in its last letter; and neighbours exchanged."""
    lines = sdp.splitlines(keepends=True)
    for at, line in enumerate(lines):
        before, after = lines[:at], lines[at + 1 :]
        name = line.strip()[:40]
        yield Forgery(f"without {name}", "".join((*before, *after)))
        yield Forgery(f"twice {name}", "".join((*before, line, line, *after)))
        yield Forgery(f"altered {name}", "".join((*before, _altered(line), *after)))
        if after and after[0] != line:
            yield Forgery(f"later {name}", "".join((*before, after[0], line, *after[1:])))


def forged_statements(signed: str, forger: Identity, victim_spki: bytes) -> Iterator[Forgery]:
    """A genuine JWS turned into others, by somebody who lacks the key."""
    header, claims, signature = signed.split(".")
    yield Forgery("no statement", "")
    yield Forgery("no signature", f"{header}.{claims}.")
    yield Forgery("half of it", signed[: len(signed) // 2])
    yield Forgery("another part", f"{signed}.{signature}")
    yield Forgery("padding", f"{signed}=")
    yield Forgery("a space", f" {signed}")
    yield Forgery("signature of zeros", f"{header}.{claims}.{encode(bytes(64))}")
    yield Forgery("signature altered", f"{header}.{claims}.{_flipped(signature)}")
    yield from _other_algorithms(header, claims, signature, victim_spki)
    yield from _doubled_keys(header, claims, signature)
    yield from _other_claims(header, claims, signature, forger)


def malleated(signed: str) -> str:
    """The same statement with the signature's twin, (r, n - s)."""
    head, _, signature = signed.rpartition(".")
    raw = decode(signature)
    twin = (GROUP_ORDER - int.from_bytes(raw[32:])) % GROUP_ORDER
    return f"{head}.{encode(raw[:32] + twin.to_bytes(32))}"


def _other_algorithms(
    header: str, claims: str, signature: str, victim_spki: bytes
) -> Iterator[Forgery]:
    fields = json.loads(decode(header))
    for algorithm in ("none", "None", "HS256", "ES384", "RS256", "", None):
        other = _part({**fields, "alg": algorithm})
        for text in ("", signature):
            yield Forgery(f"algorithm {algorithm!r}", f"{other}.{claims}.{text}")
    other = _part({**fields, "alg": "HS256"})
    digest = hmac.digest(victim_spki, f"{other}.{claims}".encode(), hashlib.sha256)
    yield Forgery("HS256 with the public key", f"{other}.{claims}.{encode(digest)}")
    for typ in ("JWT", "doorstep-command+jws", "doorstep-offer+jws", "doorstep-answer+jws"):
        if typ != fields["typ"]:
            yield Forgery(f"typ {typ}", f"{_part({**fields, 'typ': typ})}.{claims}.{signature}")
    additions: list[dict[str, object]] = [
        {"jwk": {}}, {"x5c": []}, {"crit": ["b64"]}, {"b64": False}, {"spki": "A"}
    ]  # fmt: skip
    for more in additions:
        yield Forgery(f"header with {next(iter(more))}",
                      f"{_part({**fields, **more})}.{claims}.{signature}")  # fmt: skip


def _doubled_keys(header: str, claims: str, signature: str) -> Iterator[Forgery]:
    for part, rest in ((header, (claims, signature)), (claims, (signature,))):
        text = decode(part).decode()
        for key, value in json.loads(text).items():
            doubled = encode(f'{text[:-1]},"{key}":{json.dumps(value)}}}'.encode())
            whole = (doubled, *rest) if part is header else (header, doubled, *rest)
            yield Forgery(f"{key} twice", ".".join(whole))


def _other_claims(header: str, claims: str, signature: str, forger: Identity) -> Iterator[Forgery]:
    fields = json.loads(decode(claims))
    for key, value in fields.items():
        altered = _part({**fields, key: _altered_value(value)})
        yield Forgery(f"{key} altered", f"{header}.{altered}.{signature}")
        less = _part({name: kept for name, kept in fields.items() if name != key})
        yield Forgery(f"without {key}", f"{header}.{less}.{signature}")
    own = f"{header}.{claims}"
    yield Forgery("signed by the forger", f"{own}.{encode(forger.sign(own.encode()))}")
    renamed = f"{_part({**json.loads(decode(header)), 'kid': forger.id})}.{claims}"
    yield Forgery("forger's own name", f"{renamed}.{encode(forger.sign(renamed.encode()))}")


def _altered(line: str) -> str:
    text = line.rstrip("\r\n")
    if not text:
        return f"x{line}"
    return f"{text[:-1]}{'1' if text[-1] == '0' else '0'}{line[len(text) :]}"


def _altered_value(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and value:
        return f"{value[:-1]}{'B' if value[-1] == 'A' else 'A'}"
    return f"{value}1" if isinstance(value, str) else 1


def _flipped(signature: str) -> str:
    raw = bytearray(decode(signature))
    raw[5] ^= 1
    return encode(bytes(raw))


def _part(fields: dict[str, object]) -> str:
    return encode(json.dumps(fields, separators=(",", ":")).encode())
