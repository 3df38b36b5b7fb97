from pathlib import Path

import numpy as np
import pytest

from hardware.contracts import check_microphone, check_speaker
from hardware.sound_file import Samples, read_sound
from hardware.twin.ears import Ears
from hardware.twin.sound import (
    AMBIENCE_RMS,
    TwinMicrophone,
    TwinSpeaker,
    ambience,
    background,
)
from hardware.twin.voice import Voice
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame
from tests.support.hand_turned_time import VirtualClock

SOUNDS = Path(__file__).parents[3] / "hardware"


def tone(seconds: float, amplitude: int = 8000) -> Samples:
    times = np.arange(round(seconds * SOUND_RATE_HZ)) / SOUND_RATE_HZ
    return (amplitude * np.sin(2 * np.pi * 1000 * times)).astype(np.int16)


def pieces(samples: Samples) -> list[SoundFrame]:
    return [
        SoundFrame(samples[at : at + SOUND_FRAME_SAMPLES].tobytes(), 0)
        for at in range(0, len(samples), SOUND_FRAME_SAMPLES)
    ]


async def listen(microphone: TwinMicrophone, count: int) -> list[SoundFrame]:
    frames = microphone.frames()
    return [await anext(frames) for _ in range(count)]


async def test_microphone_in_real_time() -> None:
    clock = VirtualClock()
    await check_microphone(TwinMicrophone(ambience(), Voice(clock.now)))


async def test_speaker() -> None:
    await check_speaker(TwinSpeaker(Ears()))


async def test_an_hour_of_sound_does_not_drift() -> None:
    clock = VirtualClock()
    async with TwinMicrophone(background("silence"), Voice(clock.now), clock) as microphone:
        heard = await listen(microphone, 10_000)
    times = np.array([frame.at_us for frame in heard])
    assert times.tolist() == [1_000_000_000 + 20_000 * index for index in range(10_000)]


async def test_a_taker_that_was_away_misses_sound_instead_of_getting_it_late() -> None:
    clock = VirtualClock()
    async with TwinMicrophone(background("silence"), Voice(clock.now), clock) as microphone:
        frames = microphone.frames()
        first = await anext(frames)
        clock.now_s += 10
        second = await anext(frames)
    assert second.at_us - first.at_us == pytest.approx(10_000_000, abs=40_000)


async def test_the_visitor_is_heard_at_the_right_moment() -> None:
    clock = VirtualClock()
    voice = Voice(clock.now)
    voice.say(tone(0.05), delay_s=0.1)
    async with TwinMicrophone(background("silence"), voice, clock) as microphone:
        heard = await listen(microphone, 12)
    samples = np.concatenate([np.frombuffer(frame.samples, "<i2") for frame in heard])
    loud = np.flatnonzero(np.abs(samples) > 100)
    assert loud[0] / SOUND_RATE_HZ == pytest.approx(0.1, abs=0.001)
    assert loud[-1] / SOUND_RATE_HZ == pytest.approx(0.15, abs=0.001)


async def test_two_voices_at_once_do_not_wrap_round() -> None:
    clock = VirtualClock()
    voice = Voice(clock.now)
    for _ in range(2):
        voice.say(np.full(960, 30_000, np.int16))
    async with TwinMicrophone(background("silence"), voice, clock) as microphone:
        (frame,) = await listen(microphone, 1)
    assert np.frombuffer(frame.samples, "<i2").tolist() == [32767] * 960


def test_the_ambience_is_quiet_and_always_the_same() -> None:
    wind = ambience()
    assert np.array_equal(wind, ambience())
    rms = float(np.sqrt(np.mean(wind.astype(float) ** 2)))
    assert rms == pytest.approx(AMBIENCE_RMS, rel=0.3)


async def test_a_short_background_goes_round() -> None:
    clock = VirtualClock()
    microphone = TwinMicrophone(np.arange(1000, dtype=np.int16), Voice(clock.now), clock)
    async with microphone:
        heard = await listen(microphone, 2)
    assert np.frombuffer(heard[1].samples, "<i2")[:42].tolist() == [*range(960, 1000), 0, 1]


async def test_a_tone_that_a_phone_sends_arrives() -> None:
    clock, ears = VirtualClock(), Ears()
    async with TwinSpeaker(ears, clock) as speaker:
        for piece in pieces(tone(1.0)):
            await speaker.play(piece)
            clock.now_s += 0.02
        assert ears.peak(0.5) == pytest.approx(8000, abs=50)
        assert ears.rms(0.5) == pytest.approx(8000 / 2**0.5, rel=0.01)
        spectrum = np.abs(np.fft.rfft(ears.last(0.5)))
        assert int(np.argmax(spectrum)) * 2 == 1000
        assert speaker.dropped == 0


async def test_the_oldest_sound_is_dropped_beyond_200_ms() -> None:
    clock, ears = VirtualClock(), Ears()
    async with TwinSpeaker(ears, clock) as speaker:
        for value in range(16):
            await speaker.play(SoundFrame(np.full(960, value, "<i2").tobytes(), 0))
        clock.now_s += 1
        heard = ears.last(1.0)[::960].tolist()
    assert speaker.dropped == 5
    assert heard == [0, *range(6, 16)]


async def test_the_volume_is_heard() -> None:
    clock, ears = VirtualClock(), Ears()
    async with TwinSpeaker(ears, clock) as speaker:
        speaker.set_volume(50)
        await speaker.play(SoundFrame(np.full(960, 1000, "<i2").tobytes(), 0))
        assert ears.peak(1.0) == 500


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "name", ["twin/sounds/greeting", "sounds/coming", "sounds/leave_it", "sounds/not_now"]
)
def test_the_spoken_sounds_ship(name: str, language: str) -> None:
    path = SOUNDS / f"{name}.{language}.ogg"
    samples = read_sound(path)
    assert 1 < len(samples) / SOUND_RATE_HZ < 5
    assert np.abs(samples.astype(int)).max() > 5000
    assert path.stat().st_size < 60_000
