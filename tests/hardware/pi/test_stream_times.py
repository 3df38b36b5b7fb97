"""The times of encoded pictures, when the processor cannot keep up."""

from hardware.bridge import now_us
from hardware.pi.streams import CLOCK_TOLERANCE_US, PiStream, hardware_coder
from media.frames import EncodedFrame, VideoFormat


async def test_time_does_not_run_backwards_when_a_late_picture_is_followed_by_one_in_time() -> None:
    stream = PiStream(VideoFormat(640, 360, 15, 500_000), 2.0, hardware_coder, 2.0)
    frames = stream.feed.frames()
    late_us, in_time_us = now_us() - 2 * CLOCK_TOLERANCE_US, now_us() - CLOCK_TOLERANCE_US // 2
    stream.encoded(b"late", True, late_us)
    stream.encoded(b"in time", False, in_time_us)
    taken: list[EncodedFrame] = [await anext(frames), await anext(frames)]
    assert [frame.data for frame in taken] == [b"late", b"in time"]
    assert taken[0].at_us < taken[1].at_us
