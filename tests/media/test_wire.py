"""Packets on the socket: together where the kernel can, one by one where it cannot."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pylibsrtp
import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from media.rtp_header import HeaderTemplate, send_time
from media.wire import Wire, runs

TAG = b"tag"


class Dtls:
    """As much of a transport as a wire uses, over a real socket; "encrypts" by a tag."""

    def __init__(self, transport: Any, address: tuple[str, int]) -> None:
        self.state = "connected"
        self._RTCDtlsTransport__tx_packets = 0
        self._RTCDtlsTransport__tx_bytes = 0
        self._tx_srtp = SimpleNamespace(protect=lambda packet: packet + TAG)
        self.pair = SimpleNamespace(
            protocol=SimpleNamespace(transport=transport), remote_addr=address
        )
        nominated = {1: self.pair}
        self.transport = SimpleNamespace(_connection=SimpleNamespace(_nominated=nominated))


class Unsplitting:
    """A transport whose interface cannot split packets."""

    def __init__(self, real: asyncio.DatagramTransport) -> None:
        self.tried = 0
        self._real = real
        self._sock = _Refusing(self)

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        self._real.sendto(data, address)


class _Refusing(socket.socket):
    def __init__(self, owner: Unsplitting) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self._owner = owner

    def sendmsg(self, *arguments: Any) -> int:
        self._owner.tried += 1
        raise OSError(5, "Input/output error")


async def delivered(packets: list[bytes], *, refusing: bool = False, rounds: int = 1) -> Any:
    """What arrives, the transport it went through, and what the wire said of its size."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        real, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        transport = Unsplitting(real) if refusing else real
        dtls = Dtls(transport, receiver.getsockname())
        wire = Wire(dtls)
        size = sum(wire.send(packets) for _ in range(rounds))
        arrived = [receiver.recv(2000) for _ in range(rounds * len(packets))]
        real.close()
        if isinstance(transport, Unsplitting):
            transport._sock.close()
        return arrived, dtls, size, transport


PACKETS = [bytes([n]) * 1200 for n in range(7)] + [b"end" * 100, b"x" * 40, b"y" * 1200]


async def test_packets_arrive_as_they_were_handed_over() -> None:
    arrived, dtls, size, _ = await delivered(PACKETS)
    assert arrived == [packet + TAG for packet in PACKETS]
    assert size == sum(map(len, arrived))
    assert dtls._RTCDtlsTransport__tx_packets == len(PACKETS)
    assert dtls._RTCDtlsTransport__tx_bytes == size


async def test_an_interface_that_cannot_split_is_asked_once() -> None:
    arrived, _, _, transport = await delivered(PACKETS, refusing=True, rounds=3)
    assert arrived == [packet + TAG for packet in PACKETS] * 3
    assert transport.tried == 1


@pytest.mark.parametrize("fault", ["state", "path"])
async def test_a_transport_that_is_not_open_says_so(fault: str) -> None:
    dtls = Dtls(None, ("127.0.0.1", 9))
    if fault == "state":
        dtls.state = "closed"
    else:
        dtls.transport._connection._nominated.clear()
    with pytest.raises(ConnectionError):
        Wire(dtls).send([b"x"])


async def test_a_packet_that_cannot_be_encrypted_is_one_error_of_ours() -> None:
    def refuse(packet: bytes) -> bytes:
        raise pylibsrtp.Error("replay check failed (index too old)")

    dtls = Dtls(None, ("127.0.0.1", 9))
    dtls._tx_srtp.protect = refuse
    with pytest.raises(ConnectionError, match="encrypted"):
        Wire(dtls).send([b"x"])


def test_runs_have_one_size_and_a_shorter_end() -> None:
    sizes = [5, 9, 9, 9, 4, 9, 9]
    found = list(runs([bytes(size) for size in sizes]))
    assert [(start, [len(one) for one in run]) for start, run in found] == [
        (0, [5]), (1, [9, 9, 9, 4]), (5, [9, 9]),
    ]  # fmt: skip
    assert max(len(run) for _, run in runs([b"x"] * 200)) <= 64


@pytest.mark.parametrize("ids", [(), (1,), (3, 4), (4, 15)])
@pytest.mark.parametrize("marker", [False, True])
def test_a_patched_header_reads_as_a_built_one(ids: tuple[int, ...], marker: bool) -> None:
    names = ["http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"]
    names.append("urn:ietf:params:rtp-hdrext:sdes:mid")
    extensions = HeaderExtensionsMap()
    extensions.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=number, uri=uri)
                for number, uri in zip(ids, names, strict=False)
            ]
        )
    )
    template = HeaderTemplate(102, 0xDEADBEEF, "audio", extensions)
    template.header(1, 1, not marker, 1.0, padded=True)
    header = template.header(65_535, 2**32 - 1, marker, 77.25)
    packet = RtpPacket.parse(header + b"payload", extensions)
    assert (packet.sequence_number, packet.timestamp) == (65_535, 2**32 - 1)
    assert (packet.payload_type, packet.ssrc, packet.marker) == (102, 0xDEADBEEF, marker)
    assert (packet.payload, packet.padding_size) == (b"payload", 0)
    assert packet.extensions.mid == ("audio" if len(ids) > 1 else None)
    expected = int.from_bytes(send_time(77.25), "big") if ids else None
    assert packet.extensions.abs_send_time == expected


def test_the_send_time_counts_quarter_milliseconds_and_wraps() -> None:
    at = int.from_bytes(send_time(10.0), "big")
    assert int.from_bytes(send_time(10.001), "big") - at == 262
    assert send_time(64.0) == send_time(0.0)
