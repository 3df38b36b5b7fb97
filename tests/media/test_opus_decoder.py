"""Packets to sound, and what is done about lost ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import hardware.sounds
from hardware.sound_file import read_sound
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame
from media.opus import OpusEncoder
from media.opus_decoder import FallbackDecoder, LibopusDecoder, OpusDecoder, Samples, open_decoder

SENTENCE = Path(hardware.sounds.__path__[0]) / "coming.en.ogg"
DECODERS = [open_decoder, FallbackDecoder]


def packets(count: int) -> list[bytes]:
    encoder = OpusEncoder()
    times = np.arange(count * SOUND_FRAME_SAMPLES) / 48_000
    tone = (np.sin(2 * np.pi * 300 * times) * 9000).astype("<i2")
    return [
        encoder.encode(SoundFrame(piece.tobytes(), 0)).data
        for piece in tone.reshape(count, SOUND_FRAME_SAMPLES)
    ]


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def test_pyav_s_own_libopus_is_found() -> None:
    assert isinstance(open_decoder(), LibopusDecoder)


@pytest.mark.parametrize("make", DECODERS)
def test_a_tone_comes_through(make: Callable[[], OpusDecoder]) -> None:
    decoder = make()
    heard = np.concatenate([decoder.decode(packet) for packet in packets(20)])
    assert len(heard) == 20 * SOUND_FRAME_SAMPLES
    assert rms(heard[5 * SOUND_FRAME_SAMPLES :]) == pytest.approx(9000 / 2**0.5, rel=0.15)


@pytest.mark.parametrize("make", DECODERS)
def test_what_is_lost_goes_on_and_fades(make: Callable[[], OpusDecoder]) -> None:
    decoder = make()
    for packet in packets(20):
        before = decoder.decode(packet)
    patches = [decoder.conceal() for _ in range(8)]
    assert {len(patch) for patch in patches} == {SOUND_FRAME_SAMPLES}
    assert rms(patches[0]) > rms(before) / 3
    assert rms(patches[-1]) < rms(patches[0]) / 2
    assert abs(int(patches[0][0]) - int(before[-1])) < 1500


@pytest.mark.parametrize("make", DECODERS)
def test_damage_is_concealed(make: Callable[[], OpusDecoder]) -> None:
    decoder = make()
    for packet in packets(10):
        decoder.decode(packet)
    for damaged in (b"", b"\xff\xff\xff", b"\x03"):
        assert len(decoder.decode(damaged)) >= SOUND_FRAME_SAMPLES
        assert len(decoder.recover(damaged)) == SOUND_FRAME_SAMPLES
    assert rms(decoder.decode(packets(1)[0])) >= 0


def test_a_single_lost_packet_of_ours_comes_back_from_the_next_one() -> None:
    voice = read_sound(SENTENCE)
    voice = voice[: len(voice) // SOUND_FRAME_SAMPLES * SOUND_FRAME_SAMPLES]
    pieces = voice.reshape(-1, SOUND_FRAME_SAMPLES)
    encoder = OpusEncoder()
    sent = [encoder.encode(SoundFrame(piece.tobytes(), 0)).data for piece in pieces]
    whole, patched, recovered = open_decoder(), open_decoder(), open_decoder()
    errors: dict[str, float] = {"patched": 0.0, "recovered": 0.0}
    for number, packet in enumerate(sent[:-1]):
        right = whole.decode(packet).astype(np.float64)
        lost = number % 10 == 5
        ways = {
            "patched": patched.conceal() if lost else patched.decode(packet),
            "recovered": recovered.recover(sent[number + 1]) if lost else recovered.decode(packet),
        }
        for way, sound in ways.items():
            errors[way] += float(np.sum((sound - right) ** 2))
    assert errors["recovered"] < errors["patched"] / 5
