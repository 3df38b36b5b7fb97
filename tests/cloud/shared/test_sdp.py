"""SDP from outside: what is no SDP never reaches a doorbell or the recorder."""

from __future__ import annotations

import pytest

from cloud.shared.sdp import CANDIDATES_LIMIT, Candidate, parse_fragment, ufrag_of_offer
from protocol.errors import RemoteProtocolError

CANDIDATE = "1 1 UDP 1 192.0.2.1 5 typ host"


def test_a_fragment_holds_candidates_and_their_end() -> None:
    fragment = parse_fragment(
        "a=ice-ufrag:abcd\r\na=ice-pwd:x\r\nm=video 9 RTP 0\r\na=mid:0\r\n"
        f"a=candidate:{CANDIDATE}\r\na=end-of-candidates\r\n"
    )
    assert fragment.ufrag == "abcd"
    assert fragment.candidates == [Candidate(f"candidate:{CANDIDATE}", "0"), Candidate("", "0")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\r\n", "is empty"),
        ("candidate", "not an SDP fragment"),
        ("a=candidate:1\r\n", "candidate is malformed"),
        (f"a=candidate:{CANDIDATE} {'x' * 1024}\r\n", "candidate is malformed"),
        (f"a=candidate:{CANDIDATE}\r\n" * (CANDIDATES_LIMIT + 1), "At most 32"),
    ],
)
def test_what_is_no_fragment_is_refused(text: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        parse_fragment(text)


def test_an_offer_names_its_ice_session() -> None:
    assert ufrag_of_offer("v=0\r\nm=audio 9 RTP 0\r\na=ice-ufrag:abcd\r\n") == "abcd"


@pytest.mark.parametrize(
    ("sdp", "words"),
    [
        ("", "does not start with v=0"),
        ("v=0\r\n", "has no media"),
        ("v=0\r\nm=audio 9 RTP 0\r\n", "no ICE credentials"),
        ("v=0\r\nm=audio 9 RTP 0\r\na=ice-ufrag:\r\n", "no ICE credentials"),
    ],
)
def test_what_is_no_offer_is_refused(sdp: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        ufrag_of_offer(sdp)
