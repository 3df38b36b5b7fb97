import numpy as np
import pytest

from hardware.annexb import nal_types
from hardware.errors import HardwareError
from hardware.pi.encoders import HardwareCoder, SoftwareCoder
from hardware.planes import Layout
from hardware.ports import Window
from media.frames import VideoFormat
from tests.support.coded_video import pictures
from tests.support.small_picamera2 import Bench, install

SMALL = VideoFormat(160, 90, 30, 300_000)
BIG = Layout(640, 480, 640, "nv12")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return install(monkeypatch)


class Taken:
    """Notes what a coder yields."""

    def __init__(self) -> None:
        self.units: list[tuple[bytes, bool, int | None]] = []
        self.errors: list[HardwareError] = []

    def encoded(self, data: bytes, keyframe: bool, at_us: int | None) -> None:
        self.units.append((data, keyframe, at_us))

    def software(self, video: VideoFormat = SMALL) -> SoftwareCoder:
        return SoftwareCoder(video, 1.0, self.encoded, self.errors.append)

    def hardware(self) -> HardwareCoder:
        return HardwareCoder(SMALL, 1.0, self.encoded)


def grain(layout: Layout, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    size = layout.stride * layout.height * 3 // 2
    return np.random.default_rng(seed).integers(60, 200, size, np.uint8)


def test_a_picture_of_any_size_and_format_becomes_the_wanted_one(bench: Bench) -> None:
    taken = Taken()
    coder = taken.software()
    for number, layout in enumerate((BIG, Layout(160, 90, 192, "yuv420p"), BIG)):
        coder.encode(layout, grain(layout, number), number * 33_333)
    assert [at_us for _, _, at_us in taken.units] == [0, 33_333, 66_666]
    assert taken.units[0][1]
    assert taken.errors == []


def test_the_rate_follows_in_flight(bench: Bench) -> None:
    taken = Taken()
    coder = taken.software(VideoFormat(320, 180, 30, 1_200_000))
    layout = Layout(320, 180, 320, "yuv420p")
    shots = [grain(layout, seed) for seed in range(8)]
    for number in range(60):
        if number == 30:
            coder.set_bitrate(300_000)
        coder.encode(layout, shots[number % 8], number * 33_333)
    before, after = (
        sum(len(data) for data, _, _ in taken.units[part])
        for part in (slice(10, 30), slice(40, 60))
    )
    assert after < before / 2


def test_a_keyframe_comes_when_it_is_asked_for(bench: Bench) -> None:
    taken = Taken()
    coder = taken.software()
    for number in range(10):
        if number == 5:
            coder.request_keyframe()
        coder.encode(BIG, grain(BIG, number), number * 33_333)
    assert [number for number, unit in enumerate(taken.units) if unit[1]] == [0, 5]


def test_a_close_up_is_a_part(bench: Bench) -> None:
    taken = Taken()
    coder, memory = taken.software(), np.full(640 * 720, 128, np.uint8)
    BIG.luma(memory)[:, 320:] = 20
    coder.window = Window(zoom=4.0, x=1.0)
    frame = coder._frame(BIG, memory)
    assert (frame.width, frame.height) == (160, 90)
    assert frame.to_ndarray()[:90].max() == 20


def test_what_cannot_be_encoded_is_told_once(bench: Bench) -> None:
    taken = Taken()
    coder = taken.software()
    for _ in range(3):
        coder.encode(BIG, np.zeros(7, np.uint8), 0)
    (error,) = taken.errors
    assert str(error).startswith("The picture cannot be encoded: ")
    assert taken.units == []


def test_the_hardware_is_set_up_as_the_port_promises(bench: Bench) -> None:
    encoder = Taken().hardware().encoder
    assert (encoder.iperiod, encoder.repeat, encoder.profile) == (30, True, "constrained baseline")
    assert encoder.bitrate == 300_000


def test_an_old_picamera2_has_no_keyframes_on_demand_and_does_no_harm(bench: Bench) -> None:
    coder = Taken().hardware()
    del type(coder.encoder).force_key_frame
    coder.request_keyframe()


def test_a_rate_beyond_the_sensible_is_bounded(bench: Bench) -> None:
    coder = Taken().hardware()
    coder.set_bitrate(10)
    assert coder.encoder.bitrate == 150_000


def test_a_keyframe_without_headers_gets_the_last_ones(bench: Bench) -> None:
    taken = Taken()
    coder = taken.hardware()
    keyframe = pictures(1)[0]
    bare = keyframe[keyframe.index(b"\x00\x00\x01\x65") :]
    for data in (keyframe, bare):
        coder.output.outputframe(data, True, 0)
    types = [nal_types(data) for data, _, _ in taken.units]
    assert [kinds[:2] for kinds in types] == [[7, 8], [7, 8]]
    assert types[1][-1] == 5


def test_a_keyframe_may_end_anywhere(bench: Bench) -> None:
    taken = Taken()
    coder = taken.hardware()
    for length in range(250, 260):
        coder.output.outputframe(b"\xff" * (length - 3) + b"\x00\x00\x01", True, 0)
    assert len(taken.units) == 10


def test_a_picture_s_time_is_the_sensor_s(bench: Bench) -> None:
    taken = Taken()
    coder = taken.hardware()
    coder.output.outputframe(b"\x00\x00\x01\x41", False, 40)
    coder.encoder.firsttimestamp = 1_000_000
    coder.output.outputframe(b"\x00\x00\x01\x41", False, 40)
    coder.output.outputframe(b"sound", True, 40, audio=True)
    assert [at_us for _, _, at_us in taken.units] == [None, 1_000_040]
