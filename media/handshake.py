"""With whom a connection shakes hands: its role, its fingerprint and the certificate behind it.

aiortc compares the peer's certificate with whatever the SDP says. A signed call knows better: its
one fingerprint was signed, and what the handshake really shows is compared with that.
"""

from __future__ import annotations

import re

from aiortc import RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcdtlstransport import State, certificate_digest
from aiortc.sdp import SessionDescription

from media.aiortc_version import require_known_versions

require_known_versions()

# aiortc names three hashes of one certificate; SDP that is signed has one.
_OTHER_FINGERPRINTS = re.compile(r"a=fingerprint:(?!sha-256 )[^\r\n]*\r?\n")


def with_one_fingerprint(sdp: str) -> str:
    """Our own SDP with the sha-256 fingerprint alone."""
    return _OTHER_FINGERPRINTS.sub("", sdp)


def lets_us_begin(offer: SessionDescription) -> bool:
    """Whether we may be DTLS client in every section (RFC 8842 section 5.3).

    A client sends the first message, so nobody else's can race the peer's (ASVS 17.2.6).
    """
    return all(
        media.dtls is not None and media.dtls.role in ("auto", "server") for media in offer.media
    )


def shown_fingerprint(transport: RTCDtlsTransport) -> str | None:
    """SHA-256 of the certificate that the peer has shown, as SDP writes it; None before that."""
    connection = transport._ssl
    certificate = connection.get_peer_certificate(as_cryptography=True) if connection else None
    return certificate_digest(certificate, "sha-256") if certificate is not None else None


class Pin:
    """The one certificate that a connection may meet; `broken` when it met another.

    Without a `fingerprint` the SDP's word is enough.
    """

    def __init__(self) -> None:
        self.fingerprint: str | None = None
        self.broken = False

    def guard(self, transport: RTCDtlsTransport) -> None:
        """Look at the certificate when the handshake is done, before there are keys for media."""
        validate = transport._validate_peer_identity

        def look_twice(remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803
            validate(remoteParameters)
            if self.fingerprint is None or shown_fingerprint(transport) == self.fingerprint:
                return
            self.broken = True
            transport._set_state(State.FAILED)

        transport._validate_peer_identity = look_twice  # type: ignore[method-assign]
