"""The way of media packets from the socket to their receiver, without a queue in between.

aiortc wakes a task for every datagram. Packets of sources that have a receiver here are decrypted
and handed over where they arrive; everything else goes aiortc's way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pylibsrtp

_HEADER_BYTES = 12
# The second byte of RTCP (RFC 5761 section 4).
_RTCP = range(192, 224)


class Inlet:
    """Stands in the place of an ICE connection's `data_received`."""

    def __init__(self, dtls: Any) -> None:
        self._dtls = dtls
        self._otherwise = dtls.transport._connection.data_received
        self._routes: dict[bytes, Callable[[bytes], None]] = {}

    def __call__(self, data: bytes, component: int) -> None:
        route = self._routes.get(data[8:12])
        if route is None or data[0] < 128 or data[1] in _RTCP:
            self._otherwise(data, component)
            return
        dtls = self._dtls
        dtls._RTCDtlsTransport__rx_packets += 1
        dtls._RTCDtlsTransport__rx_bytes += len(data)
        try:
            packet = dtls._rx_srtp.unprotect(data)
        except (pylibsrtp.Error, ValueError):
            # Forged, repeated or too old.
            return
        route(packet)

    def add(self, ssrc: int, route: Callable[[bytes], None]) -> None:
        """Hand packets of this source to `route`, decrypted."""
        self._routes[ssrc.to_bytes(4, "big")] = route

    def remove(self, route: Callable[[bytes], None]) -> None:
        """Hand nothing to `route` any more."""
        self._routes = {ssrc: kept for ssrc, kept in self._routes.items() if kept != route}


def inlet_of(dtls: Any) -> Inlet:
    """The transport's inlet; it is made when there is none."""
    connection = dtls.transport._connection
    if not isinstance(connection.data_received, Inlet):
        connection.data_received = Inlet(dtls)
    inlet: Inlet = connection.data_received
    return inlet
