"""Trickled candidates as they come in a PATCH: `application/trickle-ice-sdpfrag` (RFC 8840)."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.errors import RemoteProtocolError

# What an encoder gathers in one go; more is no encoder.
CANDIDATES_LIMIT = 32


@dataclass(slots=True)
class Fragment:
    """Candidates without `a=`; an empty text says that there are no more."""

    ufrag: str = ""
    candidates: list[str] = field(default_factory=list)


def parse_fragment(text: str) -> Fragment:
    """Read a fragment; RemoteProtocolError says what is wrong with it."""
    fragment = Fragment()
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise RemoteProtocolError("The SDP fragment is empty.")
    for line in lines:
        if len(line) < 2 or line[1] != "=":
            raise RemoteProtocolError("The body is not an SDP fragment.")
        name, _, value = line.partition(":")
        if name == "a=ice-ufrag":
            fragment.ufrag = value.strip()
        elif name == "a=candidate":
            fragment.candidates.append(f"candidate:{value.strip()}")
        elif name == "a=end-of-candidates":
            fragment.candidates.append("")
    if len(fragment.candidates) > CANDIDATES_LIMIT:
        raise RemoteProtocolError(f"At most {CANDIDATES_LIMIT} candidates at a time.")
    return fragment
