"""A caller that shows another certificate than it signed: nothing flows, in either direction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport

from media.wire import Wire
from protocol.calls import fingerprint_of
from tests.support.calling_house import House, a_house
from tests.support.door import a_phone, eventually
from tests.support.phone import LoopPhone, ToneTrack

OTHER = "AB" + ":01" * 31
WAYS = ("_send_rtp", "_send_data", "_handle_rtp_data", "_handle_rtcp_data")


class Flow:
    """Counts what every transport hands over, in bytes, and believes every certificate."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}

    def of(self, transport: object) -> int:
        return self.bytes.get(id(transport), 0)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(RTCDtlsTransport, "_validate_peer_identity", lambda self, parameters: None)
        for way in WAYS:
            patch.setattr(RTCDtlsTransport, way, self._counting(getattr(RTCDtlsTransport, way)))

        count = Wire._count

        def counted(wire: Wire, datagrams: list[bytes]) -> int:
            size = count(wire, datagrams)
            self.bytes[id(wire._dtls)] = self.of(wire._dtls) + size
            return size

        patch.setattr(Wire, "_count", counted)

    def _counting(self, act: Any) -> Any:
        async def counted(transport: object, data: bytes, *more: Any, **named: Any) -> None:
            self.bytes[id(transport)] = self.of(transport) + len(data)
            await act(transport, data, *more, **named)

        return counted


@pytest.fixture
def flow() -> Iterator[Flow]:
    with pytest.MonkeyPatch.context() as patch:
        flow = Flow()
        flow.watch(patch)
        yield flow


def doorbells_transport(house: House) -> Any:
    peer = house.calls._calls["call-0001"].path.pc
    return peer.getTransceivers()[0].receiver.transport


async def test_the_signed_certificate_is_served(flow: Flow) -> None:
    async with a_house() as house, LoopPhone(ToneTrack(1000)) as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: len(phone.numbers) > 20 and phone.replies)
        assert flow.of(doorbells_transport(house)) > 10_000


async def test_another_certificate_gets_not_one_byte(flow: Flow) -> None:
    async with a_house() as house, LoopPhone(ToneTrack(1000)) as phone:
        phone.spoil = lambda sdp: sdp.replace(fingerprint_of(sdp), OTHER)
        await house.connect(phone, caller=a_phone())
        transport = doorbells_transport(house)
        await eventually(lambda: house.ended == ["call-0001"])
        assert transport._ssl.get_peer_certificate() is not None
        assert flow.of(transport) == 0
        assert (phone.numbers, phone.samples, phone.replies) == ([], [], [])
        assert phone.control.readyState != "open"
        assert (house.desk.notes, house.desk.lines) == ([], [])
        entrance = house.entrance
        assert entrance.told("call_began") == []
        assert entrance.told("call_refused") == [
            (phone.identity.id, "The caller's certificate is not the one that was signed.")
        ]


async def test_a_view_tokens_caller_shows_what_its_sdp_names(flow: Flow) -> None:
    async with a_house() as house, LoopPhone() as phone:
        phone.spoil = lambda sdp: sdp.replace(fingerprint_of(sdp), OTHER)
        await house.connect(phone, caller=None)
        transport = doorbells_transport(house)
        await eventually(lambda: house.ended == ["call-0001"])
        assert flow.of(transport) == 0
