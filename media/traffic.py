"""How much has come in over a peer connection, whatever it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection

from media.aiortc_version import require_known_versions

require_known_versions()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Datagrams of DTLS and SRTP since the connection was opened."""

    packets: int
    size_bytes: int


def received(pc: RTCPeerConnection) -> Traffic:
    """What has come in so far."""
    parts = [transceiver.receiver for transceiver in pc.getTransceivers()]
    transports: dict[int, Any] = {id(part.transport): part.transport for part in parts}
    found = [transport for transport in transports.values() if transport is not None]
    return Traffic(
        sum(transport._RTCDtlsTransport__rx_packets for transport in found),
        sum(transport._RTCDtlsTransport__rx_bytes for transport in found),
    )
