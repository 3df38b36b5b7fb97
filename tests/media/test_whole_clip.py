"""A clip in memory: where its index is, what a player finds in it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import pytest

from media.fmp4 import ClipError
from media.frames import EncodedFrame
from media.whole_clip import whole_clip
from tests.support.clip_reading import read_clip
from tests.support.coded_video import pictures, sounds

PICTURE_US = 1_000_000 // 30


def video(count: int, start_us: int = 5_000_000, **how: int) -> list[EncodedFrame]:
    coded = enumerate(pictures(count, **how))
    return [
        EncodedFrame("video", data, start_us + number * PICTURE_US, number % 30 == 0)
        for number, data in coded
    ]


def audio(count: int, start_us: int = 5_000_000) -> list[EncodedFrame]:
    coded = enumerate(sounds(count))
    return [
        EncodedFrame("audio", data, start_us + number * 20_000, keyframe=True)
        for number, data in coded
    ]


def boxes(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        yield data[at + 4 : at + 8].decode()
        at += int.from_bytes(data[at : at + 4], "big")


def test_the_index_is_in_front_of_the_pictures() -> None:
    clip = whole_clip(video(90), audio(150))
    names = [name for name in boxes(clip.data) if name != "free"]
    assert names == ["ftyp", "moov", "mdat"]
    assert clip.starts_us == 5_000_000
    assert abs(clip.duration_ms - 3000) < 5


def test_pictures_and_sound_keep_their_distance() -> None:
    # Sound began 30 ms before the pictures, at 5.00 s: 5.01 s is the first that can be heard.
    clip = whole_clip(video(60), audio(120, start_us=4_970_000))
    found = read_clip(clip.data)
    assert found.decoded == 60
    assert found.pictures[0] == 0
    assert abs(found.sounds[0] - 0.010) < 0.001
    assert abs(found.pictures[59] - 59 / 30) < 0.001
    with av.open(io.BytesIO(clip.data), "r") as container:
        duration_s = (container.duration or 0) / 1_000_000
    assert abs(duration_s - clip.duration_ms / 1000) < 0.03


def test_uneven_times_of_a_real_camera_fit_the_room_for_the_index() -> None:
    uneven = [
        EncodedFrame("video", frame.data, frame.at_us + number * number % 7001, frame.keyframe)
        for number, frame in enumerate(video(300, group=1))
    ]
    found = read_clip(whole_clip(uneven, audio(500)).data)
    assert (len(found.pictures), found.decoded) == (300, 300)


def test_a_door_without_sound_makes_a_clip_without_sound() -> None:
    found = read_clip(whole_clip(video(30), ()).data)
    assert (found.decoded, found.sounds) == (30, ())


def test_the_same_frames_make_the_same_bytes() -> None:
    assert whole_clip(video(30), audio(50)) == whole_clip(video(30), audio(50))


def test_begins_at_a_keyframe_and_ends_where_the_size_changes() -> None:
    other = video(30, start_us=7_000_000, width=160, height=120)
    clip = whole_clip([*video(60)[10:], *other], audio(150))
    assert clip.starts_us == 5_000_000 + 30 * PICTURE_US
    assert read_clip(clip.data).decoded == 30


@pytest.mark.parametrize("frames", [[], video(30)[1:]])
def test_says_that_there_is_no_keyframe(frames: list[EncodedFrame]) -> None:
    with pytest.raises(ClipError, match="no keyframe"):
        whole_clip(frames, audio(10))
