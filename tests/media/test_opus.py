"""Sound through the encoder and back."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext

from media.frames import SoundFrame
from media.opus import OpusEncoder
from tests.support.loop_camera import loudest_hertz, tone


def decode(packets: list[bytes]) -> bytes:
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.format, decoder.layout, decoder.sample_rate = "s16", "mono", 48_000
    frames = [frame for data in packets for frame in decoder.decode(av.Packet(data))]
    return b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in frames)


def test_every_frame_becomes_one_packet_with_its_time() -> None:
    encoder = OpusEncoder()
    frames = [SoundFrame(tone(440, n), 1000 + n * 20_000) for n in range(50)]
    packets = [encoder.encode(frame) for frame in frames]
    assert [packet.at_us for packet in packets] == [frame.at_us for frame in frames]
    assert all(packet.keyframe and packet.kind == "audio" and packet.data for packet in packets)
    assert sum(len(packet.data) for packet in packets) * 8 < 48_000
    sound = decode([packet.data for packet in packets])
    assert abs(loudest_hertz(sound[9600:]) - 440) < 5


def test_silence_stays_silent() -> None:
    encoder = OpusEncoder()
    packets = [encoder.encode(SoundFrame(bytes(1920), n * 20_000)).data for n in range(10)]
    assert np.abs(np.frombuffer(decode(packets), "<i2")).max() < 10


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1920"):
        OpusEncoder().encode(SoundFrame(bytes(100), 0))
