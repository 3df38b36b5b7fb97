"""H.264 facts, read from streams that x264 made."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import h264
from tests.support.coded_video import pictures


def test_splits_an_access_unit_into_its_units() -> None:
    kinds = [h264.kind(unit) for unit in h264.units(pictures(2)[0])]
    assert kinds[:2] == [h264.SPS, h264.PPS]
    assert kinds[-1] == h264.IDR_SLICE


def test_units_joined_by_start_codes_are_the_same_units() -> None:
    found = list(h264.units(pictures(2)[0]))
    joined = b"".join(h264.START_CODE + unit for unit in found)
    assert list(h264.units(joined)) == found


def test_tells_keyframes_from_others() -> None:
    marks = [h264.is_keyframe(data) for data in pictures(31)]
    assert marks == [number % 30 == 0 for number in range(31)]


@pytest.mark.parametrize(("width", "height"), [(320, 180), (1280, 720), (854, 480), (1920, 1080)])
def test_reads_the_size_out_of_the_parameter_sets(width: int, height: int) -> None:
    sets = h264.parameter_sets(pictures(1, width=width, height=height)[0])
    assert sets is not None
    assert sets.size == (width, height)


def test_reads_the_size_of_a_high_profile() -> None:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 642, 362, "yuv444p"
    encoder.framerate = Fraction(30)
    encoder.options = {"preset": "ultrafast"}
    blank = av.VideoFrame(642, 362, "yuv444p")
    coded = b"".join(bytes(packet) for packet in [*encoder.encode(blank), *encoder.encode(None)])
    sets = h264.parameter_sets(coded)
    assert sets is not None
    assert sets.size == (642, 362)


def test_a_picture_between_keyframes_has_no_parameter_sets() -> None:
    assert h264.parameter_sets(pictures(2)[1]) is None


def test_knows_a_picture_that_lost_its_head() -> None:
    whole = pictures(1, noise=60)[0]
    assert h264.is_whole(whole)
    assert not h264.is_whole(whole[1300:])
    assert not h264.is_whole(whole[: whole.index(b"\x00\x00\x00\x01\x68")])
    assert not h264.is_whole(b"")


@pytest.mark.parametrize("cut", range(5, 9))
def test_a_cut_parameter_set_is_refused(cut: int) -> None:
    sets = h264.parameter_sets(pictures(1)[0])
    assert sets is not None
    with pytest.raises(h264.H264Error):
        h264.picture_size(sets.sps[: cut - 1])


def test_parameter_sets_on_their_own_are_no_picture() -> None:
    keyframe, other = pictures(2)
    sets = h264.set_units(keyframe)
    assert [h264.kind(unit) for unit in h264.units(sets)] == [h264.SPS, h264.PPS]
    assert h264.is_prelude(sets)
    assert not h264.is_prelude(keyframe)
    assert not h264.is_prelude(other)
    assert not h264.is_prelude(b"rest of a picture")
    assert h264.set_units(other) == b""


def test_a_picture_behind_a_flood_of_tiny_units_is_none() -> None:
    keyframe = pictures(1)[0]
    flood = (h264.START_CODE + bytes([h264.DELIMITER, 0x10])) * 100_000
    assert h264.is_whole(flood[: 6 * 20] + keyframe)
    assert not h264.is_whole(flood + keyframe)
    assert not h264.is_prelude(flood)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    list(h264.units(data))
    h264.is_keyframe(data)
    h264.is_whole(data)
    h264.is_prelude(data)
    h264.set_units(data)
    sets = h264.parameter_sets(data)
    if sets is not None:
        try:
            width, height = sets.size
        except h264.H264Error:
            return
        assert width > 0
        assert height > 0
