"""Offers in other encoders' words, and what is answered to them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from cloud.recorder.offers import understood
from cloud.recorder.recorder import Recorder
from media import h264
from media.frames import EncodedFrame
from tests.support.clip_reading import read_clip
from tests.support.coded_video import pictures, visit_frames
from tests.support.recorder_rig import Shelf, encoding, new_recorder, serving

VISIT = "visit-0001"
HEAD = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 102\r\n"
VP8 = "a=rtpmap:96 VP8/90000\r\n"


def offer(*parameters: str) -> str:
    """H.264 under the numbers from 102 on, with these parameters."""
    lines = [f"a=rtpmap:{102 + n} H264/90000\r\n" for n in range(len(parameters))]
    lines += [f"a=fmtp:{102 + n} {text}\r\n" for n, text in enumerate(parameters) if text]
    return HEAD + VP8 + "".join(lines)


@pytest.mark.parametrize(
    "parameters",
    [
        ("packetization-mode=1;profile-level-id=42e01f",),
        ("profile-level-id=42C02A;packetization-mode=1;level-asymmetry-allowed=1",),
        ("packetization-mode=1;profile-level-id=640c1f", "packetization-mode=1"),
    ],
)
def test_what_is_understood_stays(parameters: tuple[str, ...]) -> None:
    given = offer(*parameters)
    assert understood(given).sdp == given
    assert understood(given).answered(given) == given


@pytest.mark.parametrize(
    "parameters",
    [
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f",
        "packetization-mode=0;profile-level-id=42e01f",
        "profile-level-id=4d0028",
    ],
    ids=["high", "single units", "main"],
)
def test_other_profiles_and_modes_are_answered_in_their_own_words(parameters: str) -> None:
    found = understood(offer(parameters))
    assert "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1" in found.sdp
    assert parameters not in found.sdp
    answer = found.answered(
        "a=rtpmap:102 H264/90000\r\na=fmtp:102 of=ours\r\na=fmtp:97 apt=102\r\n"
    )
    assert f"a=fmtp:102 {parameters}\r\n" in answer
    assert "a=fmtp:97 apt=102\r\n" in answer
    assert "of=ours" not in answer


def test_h264_without_any_parameters_is_understood() -> None:
    found = understood(offer(""))
    assert "a=rtpmap:102 H264/90000\r\na=fmtp:102 " in found.sdp
    assert found.answered("a=fmtp:102 of=ours\r\nb=AS:5\r\n") == "b=AS:5\r\n"


def test_names_of_the_encoders_own_network_are_left_out() -> None:
    slow = "a=candidate:1 1 udp 2 3f2504e0.local 5000 typ host\r\n"
    near = "a=candidate:1 1 udp 2 192.0.2.1 5000 typ host\r\n"
    assert understood(HEAD + VP8 + slow + near).sdp == HEAD + VP8 + near


@pytest.mark.parametrize("text", ["", "!!,??", "Zg==", "Z0IAKQ==,", "Z0IAKQ==,aM4yyA=="])
def test_parameter_sets_of_an_offer(text: str) -> None:
    given = f"packetization-mode=1;profile-level-id=42e01f;sprop-parameter-sets={text}"
    sets = understood(offer(given)).parameter_sets
    assert bool(sets) == ("aM4y" in text)


def without_sets(frames: list[EncodedFrame]) -> list[EncodedFrame]:
    """The same pictures, as an encoder sends them that says its parameter sets elsewhere."""
    return [
        EncodedFrame(f.kind, _picture_only(f.data), f.at_us, f.keyframe)
        if f.kind == "video" and f.keyframe
        else f
        for f in frames
    ]


def _picture_only(data: bytes) -> bytes:
    kept = [unit for unit in h264.units(data) if h264.kind(unit) not in (h264.SPS, h264.PPS)]
    return b"".join(h264.START_CODE + unit for unit in kept)


def in_words(sdp: str, sets: bytes) -> str:
    """The offer as a high-profile encoder writes it, parameter sets included."""
    said = ",".join(base64.b64encode(unit).decode() for unit in h264.units(sets))
    lines = []
    for line in sdp.splitlines():
        if line.startswith("a=fmtp:") and "profile-level-id=" in line:
            head = line.partition(" ")[0]
            high = "packetization-mode=1;profile-level-id=64001f"
            line = f"{head} {high};sprop-parameter-sets={said}"
        lines.append(line)
    return "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize("first", [True, False], ids=["said once", "said in the offer"])
async def test_parameter_sets_said_elsewhere_are_put_in(
    spool: Path, shelf: Shelf, first: bool
) -> None:
    frames = visit_frames(4, starts_us=1_800_000_000_000_000)
    keyframe = next(n for n, frame in enumerate(frames) if frame.kind == "video")
    bare = without_sets(frames)
    if first:
        bare[keyframe] = frames[keyframe]
    sets = h264.set_units(pictures(1)[0])
    recorder: Recorder = new_recorder(spool, shelf)
    async with (
        serving(recorder) as client,
        encoding(client, VISIT, bare, words=None if first else lambda s: in_words(s, sets)) as sent,
    ):
        await sent.delivered(recorder)
        await sent.stop()
        clip = await shelf.next_clip()
    assert clip.duration_ms == pytest.approx(4_000, abs=200)
    assert read_clip(shelf.clip_of(VISIT)).decoded == 119
