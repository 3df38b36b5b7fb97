"""What protects media and data on the wire (RFC 8827 section 6.5, OWASP ASVS 5.0 V17.2)."""

from __future__ import annotations

from typing import Any

import pytest
from OpenSSL import SSL

from media.peer import open_peer
from tests.support.peer_pair import peer_pair

# Forward secrecy and authenticated encryption; anything else must not be negotiated.
SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
}  # fmt: skip
SRTP_PROFILES = {b"SRTP_AEAD_AES_256_GCM", b"SRTP_AEAD_AES_128_GCM", b"SRTP_AES128_CM_SHA1_80"}


def dtls_of(pc: Any) -> Any:
    return pc.sctp.transport


async def test_handshakes_end_in_suites_with_forward_secrecy() -> None:
    async with peer_pair(open_peer(), open_peer()) as pair:
        ssl: SSL.Connection = dtls_of(pair.echoing)._ssl
        assert ssl.get_cipher_name() in SUITES
        assert ssl.get_selected_srtp_profile() in SRTP_PROFILES


async def test_every_call_has_a_key_of_its_own() -> None:
    async with peer_pair(open_peer(), open_peer()) as pair:
        keys = {
            dtls_of(pc).getLocalParameters().fingerprints[0].value
            for pc in (pair.asking, pair.echoing)
        }
    assert len(keys) == 2


@pytest.mark.parametrize("suite", ["AES128-SHA", "AES128-GCM-SHA256", "NULL-SHA", "RC4-SHA"])
async def test_weak_suites_are_not_offered(suite: str) -> None:
    async with peer_pair(open_peer(), open_peer()) as pair:
        ssl: SSL.Connection = dtls_of(pair.echoing)._ssl
        assert suite not in ssl.get_cipher_list()
