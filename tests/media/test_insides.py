"""The private names of other packages that `media` relies on for its packets: all there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aioice import ice
from aiortc import RTCPeerConnection
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import HeaderExtensionsMap

from media.peer import close_peer, open_peer

SENDER = """
    _run_rtp _run_rtcp _handle_rtcp_packet _send_rtcp _send_keyframe _enabled _ssrc _rtx_ssrc
    _RTCRtpSender__rtp_started _RTCRtpSender__rtp_exited _RTCRtpSender__rtcp_started
    _RTCRtpSender__rtcp_exited _RTCRtpSender__track _RTCRtpSender__mid _RTCRtpSender__cname
    _RTCRtpSender__rtp_header_extensions_map _RTCRtpSender__rtx_payload_type _RTCRtpSender__rtt
    _RTCRtpSender__packet_count _RTCRtpSender__octet_count
"""
RECEIVER = """
    _handle_rtp_packet _handle_rtcp_packet _enabled _RTCRtpReceiver__codecs
    _RTCRtpReceiver__decoder_queue _RTCRtpReceiver__decoder_thread _RTCRtpReceiver__jitter_buffer
    _RTCRtpReceiver__remote_streams _RTCRtpReceiver__rtcp_ssrc _RTCRtpReceiver__rtx_ssrc
"""
TRANSPORT = """
    _tx_srtp _rx_srtp _rtp_header_extensions_map _RTCDtlsTransport__tx_packets
    _RTCDtlsTransport__tx_bytes _RTCDtlsTransport__rx_packets _RTCDtlsTransport__rx_bytes
"""


def missing(thing: Any, names: str) -> list[str]:
    return [name for name in names.split() if not hasattr(thing, name)]


@pytest.fixture
async def parts() -> Any:
    pc: RTCPeerConnection = open_peer()
    transceiver = pc.addTransceiver("video")
    yield transceiver.sender, transceiver.receiver
    await close_peer(pc)


async def test_a_sender_has_what_our_loops_use(parts: Any) -> None:
    assert missing(parts[0], SENDER) == []


async def test_a_receiver_has_what_our_intake_uses(parts: Any) -> None:
    assert missing(parts[1], RECEIVER) == []


async def test_a_transport_has_what_our_wire_and_inlet_use(parts: Any) -> None:
    dtls = parts[0].transport
    assert missing(dtls, TRANSPORT) == []
    assert missing(dtls.transport, "_connection") == []
    assert missing(dtls.transport._connection, "_nominated data_received") == []
    assert isinstance(dtls.transport._connection, ice.Connection)


def test_buffers_counters_and_extensions_are_as_we_extend_them() -> None:
    names = "_capacity _prefetch _is_video _origin _packets _remove_frame smart_remove"
    assert missing(JitterBuffer(16), names) == []
    counters = "_clockrate _jitter_q4 _last_arrival _last_timestamp base_seq max_seq cycles"
    assert missing(StreamStatistics(90_000), counters) == []
    extensions: Any = HeaderExtensionsMap()
    assert extensions._HeaderExtensionsMap__ids.abs_send_time is None


async def test_asyncios_transport_lends_its_socket() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    assert missing(transport, "_sock") == []
    transport.close()
