"""SDP as far as the server must read it: the offer's credentials, and trickled fragments.

Fragments are `application/trickle-ice-sdpfrag` (RFC 8840).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.errors import RemoteProtocolError

SDP_FRAGMENT = "application/trickle-ice-sdpfrag"
# What a phone or an encoder gathers in one go; more is neither.
CANDIDATES_LIMIT = 32
_CANDIDATE_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Candidate:
    """As in the browser's RTCIceCandidate; an empty text ends them."""

    text: str
    mid: str


@dataclass(slots=True)
class Fragment:
    """What a PATCH carries."""

    ufrag: str = ""
    candidates: list[Candidate] = field(default_factory=list)


def ufrag_of_offer(sdp: str) -> str:
    """The ICE user fragment of a whole offer; RemoteProtocolError when it is none."""
    lines = sdp.splitlines()
    if not lines or lines[0] != "v=0":
        raise RemoteProtocolError("The body is not an SDP offer: it does not start with v=0.")
    if not any(line.startswith("m=") for line in lines):
        raise RemoteProtocolError("The SDP offer has no media.")
    found = [line.partition(":")[2] for line in lines if line.startswith("a=ice-ufrag:")]
    if not found or not found[0]:
        raise RemoteProtocolError("The SDP offer has no ICE credentials.")
    return found[0].strip()


def has_media(sdp: str) -> bool:
    """Whether an offer wants more than data channels."""
    sections = [line for line in sdp.splitlines() if line.startswith("m=")]
    return not all(line.startswith("m=application ") for line in sections)


def parse_fragment(text: str) -> Fragment:
    """Read a fragment; RemoteProtocolError says what is wrong with it."""
    fragment, mid = Fragment(), ""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise RemoteProtocolError("The SDP fragment is empty.")
    for line in lines:
        name, _, value = line.partition(":")
        if name == "a=ice-ufrag":
            fragment.ufrag = value.strip()
        elif name == "a=mid":
            mid = value.strip()[:32]
        elif name == "a=candidate":
            fragment.candidates.append(Candidate(_checked(value), mid))
        elif name == "a=end-of-candidates":
            fragment.candidates.append(Candidate("", mid))
        elif len(line) < 2 or line[1] != "=":
            raise RemoteProtocolError("The body is not an SDP fragment.")
    if len(fragment.candidates) > CANDIDATES_LIMIT:
        raise RemoteProtocolError(f"At most {CANDIDATES_LIMIT} candidates at a time.")
    return fragment


def _checked(value: str) -> str:
    # foundation, component, transport, priority, address, port, "typ", type (RFC 8839 section 5.1)
    parts = value.split()
    if len(parts) < 8 or parts[6] != "typ" or len(value) > _CANDIDATE_LIMIT - 10:
        raise RemoteProtocolError("A candidate is malformed.")
    return f"candidate:{value.strip()}"
