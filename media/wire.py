"""The way of packets from one stream to the socket: encrypted and sent without a task in between.

aiortc awaits five coroutines for each packet and makes one system call for it. Here packets of
one size leave together, where the kernel can split them (UDP_SEGMENT, Linux 4.18).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import pylibsrtp

# linux/udp.h; Python has no name for it.
UDP_SEGMENT = 103
# The kernel takes 64 segments and 64 kB at once.
SEGMENTS_LIMIT = 40


class Wire:
    """One DTLS transport as a place to put packets. Everything happens before `send` returns."""

    def __init__(self, dtls: Any) -> None:
        self._dtls = dtls
        self._segmented = True

    def send(self, packets: Sequence[bytes]) -> int:
        """Encrypt and send RTP packets; how many bytes that was. ConnectionError when not open."""
        protect = self._session().protect
        try:
            datagrams = [protect(packet) for packet in packets]
        except pylibsrtp.Error as error:
            raise ConnectionError("A packet could not be encrypted.") from error
        return self._count(datagrams)

    def report(self, packet: bytes) -> int:
        """Encrypt and send one RTCP packet, as `send` does."""
        return self._count([self._session().protect_rtcp(packet)])

    def _session(self) -> Any:
        if self._dtls.state != "connected":
            raise ConnectionError("Nothing can be sent: the transport is not connected.")
        return self._dtls._tx_srtp

    def _count(self, datagrams: list[bytes]) -> int:
        self._put(datagrams)
        dtls, size = self._dtls, sum(map(len, datagrams))
        dtls._RTCDtlsTransport__tx_packets += len(datagrams)
        dtls._RTCDtlsTransport__tx_bytes += size
        return size

    def _put(self, datagrams: list[bytes]) -> None:
        pair = self._dtls.transport._connection._nominated.get(1)
        if pair is None:
            raise ConnectionError("Nothing can be sent: there is no path.")
        transport, address = pair.protocol.transport, pair.remote_addr
        # A relay and other event loops have no such socket; they take one packet at a time.
        sock = getattr(transport, "_sock", None)
        if self._segmented and len(datagrams) > 1 and isinstance(sock, socket.socket):
            datagrams = self._put_together(sock, datagrams, address)
        for datagram in datagrams:
            transport.sendto(datagram, address)

    def _put_together(
        self, sock: socket.socket, datagrams: list[bytes], address: tuple[str, int]
    ) -> list[bytes]:
        """Send runs of one size; what is left must be sent one by one."""
        for start, run in runs(datagrams):
            size = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", len(run[0])))]
            try:
                sock.sendmsg(run, size if len(run) > 1 else [], 0, address)
            except BlockingIOError:
                # The socket's buffer is full, so the network is: what is lost will be asked for.
                return []
            except OSError:
                # The interface cannot split packets, or the path is gone; sendto will tell.
                self._segmented = False
                return datagrams[start:]
        return []


def runs(datagrams: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Parts of one size each, of which the last packet may be shorter, and where they start."""
    start = 0
    while start < len(datagrams):
        size, end = len(datagrams[start]), start + 1
        while end < len(datagrams) and end - start < SEGMENTS_LIMIT:
            length = len(datagrams[end])
            if length > size:
                break
            end += 1
            if length < size:
                break
        yield start, datagrams[start:end]
        start = end
