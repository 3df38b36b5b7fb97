import pytest

from hardware.options import BoardOptions, smaller
from media.frames import VideoFormat


@pytest.mark.parametrize(
    ("whole", "small"),
    [
        ((1280, 720), (640, 360)),
        ((1920, 1080), (640, 360)),
        ((1280, 960), (480, 360)),
        ((640, 480), (320, 240)),
        ((720, 1280), (202, 360)),
        ((64, 64), (32, 32)),
    ],
)
def test_the_small_picture_has_the_shape_of_the_large_one(
    whole: tuple[int, int], small: tuple[int, int]
) -> None:
    made = smaller(VideoFormat(*whole, 25, 2_000_000), 350_000)
    assert made == VideoFormat(*small, 25, 350_000)


def test_low_and_close_up_differ_in_their_rate_alone() -> None:
    options = BoardOptions(low_bitrate_bps=300_000, close_bitrate_bps=600_000)
    assert options.low == VideoFormat(640, 360, 30, 300_000)
    assert options.close_up == VideoFormat(640, 360, 30, 600_000)
