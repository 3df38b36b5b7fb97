"""Pictures in packets: nothing is lost, parts are equal, viewers share them."""

from __future__ import annotations

import pytest
from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from media.h264 import START_CODE, units
from media.h264_packets import PAYLOAD_MAX_BYTES, h264_payloads
from tests.support.coded_video import pictures

# A NAL unit: a type from 1 to 12, and a body that neither holds a start code nor ends in zeros.
UNIT = st.builds(
    lambda head, size: bytes([0x60 | head]) + b"\x51" * size, st.integers(1, 12),
    st.one_of(st.integers(1, 40), st.integers(1100, 1300), st.integers(2000, 5000)),
)  # fmt: skip


def put_together(payloads: tuple[bytes, ...]) -> list[bytes]:
    return list(units(b"".join(h264_depayload(payload) for payload in payloads)))


@pytest.mark.parametrize("noise", [0, 80])
def test_pictures_come_out_as_they_went_in(noise: int) -> None:
    for picture in pictures(31, noise=noise):
        assert put_together(h264_payloads(picture)) == list(units(picture))


@given(st.lists(UNIT, min_size=1, max_size=12))
def test_any_units_come_out_as_they_went_in(found: list[bytes]) -> None:
    data = b"".join(START_CODE + unit for unit in found)
    payloads = h264_payloads(data)
    assert put_together(payloads) == found
    assert max(map(len, payloads)) <= PAYLOAD_MAX_BYTES


def test_the_parts_of_a_unit_have_one_size() -> None:
    payloads = h264_payloads(START_CODE + b"\x65" + bytes(range(1, 256)) * 40)
    sizes = [len(payload) for payload in payloads]
    assert len(set(sizes[:-1])) == 1
    assert sizes[-1] <= sizes[0]


def test_viewers_share_the_payloads() -> None:
    picture = pictures(1)[0]
    assert h264_payloads(picture)[0] is h264_payloads(picture)[0]


def test_nothing_makes_no_packets() -> None:
    assert h264_payloads(b"") == ()
