import pytest

from hardware.annexb import nal_types, nal_units, profile, slice_types

START = b"\x00\x00\x00\x01"


def test_units_are_split_at_long_and_short_start_codes() -> None:
    data = START + b"\x67\x42\xc0\x1f" + b"\x00\x00\x01\x68\xce" + START + b"\x65\x88"
    assert nal_units(data) == [b"\x67\x42\xc0\x1f", b"\x68\xce", b"\x65\x88"]
    assert nal_types(data) == [7, 8, 5]
    assert profile(data) == (0x42, 0xC0, 0x1F)


@pytest.mark.parametrize(
    ("bits", "letter"), [("1" "1", "P"), ("1" "010", "B"), ("1" "011", "I"), ("010" "00110", "P")]
)  # fmt: skip
def test_a_slice_tells_its_type(bits: str, letter: str) -> None:
    head = int(bits.ljust(16, "0"), 2).to_bytes(2, "big")
    assert slice_types(START + b"\x41" + head + b"\xff") == letter


def test_without_an_sps_there_is_no_profile() -> None:
    with pytest.raises(ValueError, match="no SPS"):
        profile(START + b"\x41\x9a")
