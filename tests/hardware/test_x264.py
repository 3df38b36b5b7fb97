import av
import numpy as np
import pytest

from hardware.annexb import nal_types, profile
from hardware.twin.pictures import Picture
from hardware.x264 import KEYFRAME_EVERY_S, H264Encoder
from media import timecode
from media.frames import EncodedFrame, VideoFormat

VIDEO = VideoFormat(1280, 720, 30, 1_000_000)
SMALL = VideoFormat(320, 180, 30, 600_000)


def noisy(video: VideoFormat, seed: int) -> Picture:
    picture = Picture(video.width, video.height)
    rng = np.random.default_rng(seed)
    picture.data[:] = rng.integers(90, 160, picture.data.shape, np.uint8)
    return picture


def encode(encoder: H264Encoder, pictures: list[Picture], first: int = 0) -> list[EncodedFrame]:
    return [
        encoder.encode(picture.frame(), (first + number) * 33_333, keyframe=False)
        for number, picture in enumerate(pictures)
    ]


def test_the_header_names_constrained_baseline_level_3_1() -> None:
    (frame,) = encode(H264Encoder(VIDEO), [noisy(VIDEO, 1)])
    idc, constraints, level = profile(frame.data)
    assert (idc, constraints & 0x40, level) == (0x42, 0x40, 31)


def test_keyframes_come_every_two_seconds_and_when_asked_for() -> None:
    encoder = H264Encoder(SMALL)
    pictures = [noisy(SMALL, 1)] * 70
    frames = [
        encoder.encode(picture.frame(), i * 33_333, i == 20) for i, picture in enumerate(pictures)
    ]
    keys = [index for index, frame in enumerate(frames) if frame.keyframe]
    assert keys == [0, 20] or keys == [0, 20, KEYFRAME_EVERY_S * 30]
    assert all(nal_types(frames[index].data)[:2] == [7, 8] for index in keys)


def test_even_the_busiest_keyframe_can_be_retransmitted() -> None:
    encoder = H264Encoder(VideoFormat(1280, 720, 30, 4_000_000))
    frames = encode(encoder, [noisy(VIDEO, seed) for seed in range(4)])
    assert max(len(frame.data) for frame in frames) < 120_000


@pytest.mark.parametrize("bps", [200_000, 1_200_000])
def test_the_bit_rate_follows_in_flight(bps: int) -> None:
    encoder = H264Encoder(SMALL)
    pictures = [noisy(SMALL, seed) for seed in range(12)] * 8
    encode(encoder, pictures[:30])
    encoder.set_bitrate(bps)
    after = encode(encoder, pictures, first=30)[36:]
    measured = sum(len(frame.data) for frame in after) * 8 * 30 / len(after)
    assert measured == pytest.approx(bps, rel=0.35)


def test_the_time_code_survives() -> None:
    encoder = H264Encoder(VIDEO)
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    read = []
    for number in range(5):
        picture = noisy(VIDEO, number)
        timecode.draw(picture.y, 1_790_000_000_000 + number)
        frame = encoder.encode(picture.frame(), number * 33_333, keyframe=False)
        read += [stamp(out) for out in decoder.decode(av.Packet(frame.data))]
    read += [stamp(out) for out in decoder.decode(None)]
    assert read == [1_790_000_000_000 + number for number in range(5)]


def stamp(frame: av.VideoFrame) -> int | None:
    return timecode.read(frame.to_ndarray()[:720].astype(np.uint8))
