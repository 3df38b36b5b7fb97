"""One phone's voice through networks that lose, delay and reorder; all in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from media.frames import SOUND_FRAME_SAMPLES, SoundFrame
from media.opus import OpusEncoder
from media.opus_decoder import Samples
from media.phone_voice import PhoneVoice, VoicePacket

FRAME_S = 0.02
HERTZ = 250.0
Delay = Callable[[int], float | None]


class Line:
    """A phone that hums, a network, and a mixer that pulls every 20 ms."""

    def __init__(self, first_timestamp: int = 0) -> None:
        self.now = 100.0
        self.voice = PhoneVoice(lambda: None, clock=lambda: self.now)
        self.heard: list[Samples] = []
        self.pauses = 0
        self.delays: list[float] = []
        self._first = first_timestamp
        self._encoder = OpusEncoder()

    def run(self, seconds: float, delay: Delay, start: int = 0) -> None:
        """Packets leave every 20 ms; `delay(n)` in seconds, None: lost."""
        count = round(seconds / FRAME_S)
        begun = self.now
        arrivals = []
        for number in range(start, start + count):
            packet = VoicePacket(
                (self._first + number * SOUND_FRAME_SAMPLES) % 2**32,
                self._encoder.encode(SoundFrame(hum(number), 0)).data,
            )
            if (late := delay(number)) is not None:
                arrivals.append((begun + (number - start) * FRAME_S + late, packet))
        arrivals.sort(key=lambda arrival: arrival[0])
        # Not in step with the packets, as no mixer is.
        for tick in range(count):
            until = begun + tick * FRAME_S + 0.007
            while arrivals and arrivals[0][0] <= until:
                self.now, packet = arrivals.pop(0)
                self.voice.take(packet)
            self.now = until
            piece = self.voice.pull()
            self.pauses += piece is None
            self.delays.append(self.voice.delay_s)
            if piece is not None:
                self.heard.append(piece)

    def sound(self) -> Samples:
        return np.concatenate(self.heard)


def hum(number: int) -> bytes:
    time_s = (np.arange(SOUND_FRAME_SAMPLES) + number * SOUND_FRAME_SAMPLES) / 48_000
    return (np.sin(2 * np.pi * HERTZ * time_s) * 8000).astype("<i2").tobytes()


def steps(sound: Samples) -> int:
    """The largest step from one sample to the next: a click is one."""
    return int(np.abs(np.diff(sound.astype(np.int32))).max())


# What the hum itself does, with room for the codec.
SMOOTH = 2 * round(8000 * 2 * np.pi * HERTZ / 48_000)


def quietest(sound: Samples) -> float:
    """The lowest loudness of any 20 ms after the start."""
    whole = len(sound) // SOUND_FRAME_SAMPLES * SOUND_FRAME_SAMPLES
    pieces = sound[:whole].reshape(-1, SOUND_FRAME_SAMPLES)[5:].astype(np.float64)
    return float(np.sqrt((pieces**2).mean(axis=1)).min())


def test_a_steady_network_costs_little_and_changes_nothing() -> None:
    line = Line()
    line.run(4, lambda _: 0.03)
    assert line.delays[-1] == 0.02
    assert line.pauses <= 4
    assert line.voice.lost == line.voice.late == 0
    assert steps(line.sound()) < SMOOTH
    assert quietest(line.sound()) > 5000


def test_the_delay_follows_the_jitter_up_and_down_again() -> None:
    line, rng = Line(), random.Random(5)
    line.run(4, lambda _: 0.03)
    line.run(6, lambda _: 0.03 + rng.random() * 0.1, start=200)
    rough = line.delays[-1]
    assert 0.08 < rough < 0.13
    line.run(10, lambda _: 0.03, start=500)
    assert line.delays[-1] == 0.02
    assert line.voice.late < 15
    assert steps(line.sound()) < 2 * SMOOTH


def test_the_delay_is_bounded() -> None:
    line, rng = Line(), random.Random(6)
    line.run(8, lambda _: rng.random() * 0.6)
    assert max(line.delays) == 0.2


def test_lost_packets_are_concealed() -> None:
    line, rng = Line(), random.Random(7)
    line.run(8, lambda _: None if rng.random() < 0.05 else 0.03)
    assert 10 < line.voice.lost < 40
    assert steps(line.sound()) < 2 * SMOOTH
    # Quieter for a moment, never a hole.
    assert quietest(line.sound()) > 300
    assert line.pauses <= 4


def test_reordered_packets_are_put_in_order() -> None:
    line = Line()
    line.run(10, lambda number: 0.03 + (0.03 if number % 3 == 0 else 0))
    # 167 came behind their successors; it takes a moment to expect that.
    assert line.voice.lost + line.voice.late <= 3


def test_after_a_hole_in_the_network_sound_goes_on_without_growing_late() -> None:
    line = Line()
    line.run(2, lambda _: 0.03)
    # Three seconds in which everything piles up and then comes at once.
    line.run(3, lambda number: 3.0 - (number - 100) * FRAME_S, start=100)
    line.run(8, lambda _: 0.03, start=250)
    assert line.delays[-1] == 0.02
    waiting_s = len(line.voice._packets) * FRAME_S
    assert waiting_s <= 0.06


def test_a_phone_that_stops_is_silent_after_a_tenth_of_a_second_and_may_go_on() -> None:
    line = Line()
    line.run(1, lambda _: 0.03)
    heard = len(line.heard)
    line.run(1, lambda _: None, start=50)
    assert 4 <= len(line.heard) - heard <= 9
    assert not line.voice.talking
    line.run(1, lambda _: 0.03, start=100)
    assert line.voice.talking
    assert len(line.heard) > heard + 45


def test_time_stamps_wrap_and_may_start_again_elsewhere() -> None:
    line = Line(first_timestamp=2**32 - 20 * SOUND_FRAME_SAMPLES)
    line.run(2, lambda _: 0.03)
    assert line.pauses <= 4
    other = 5_000_000
    line._first = other
    before = line.pauses
    line.run(2, lambda _: 0.03)
    assert line.pauses - before <= 12
    assert steps(line.sound()) < 8000


def test_damaged_packets_do_no_harm() -> None:
    line = Line()
    for number, payload in enumerate((b"", b"\xff", bytes(400), b"\x00", b"\x7f" * 1200)):
        line.voice.take(VoicePacket(number * SOUND_FRAME_SAMPLES, payload))
        line.now += FRAME_S
        line.voice.pull()
    line.run(1, lambda _: 0.03, start=10)
    assert quietest(line.sound()[-20 * SOUND_FRAME_SAMPLES :]) > 5000


def test_talking_is_said_when_it_changes() -> None:
    said: list[bool] = []
    line = Line()
    line.voice = PhoneVoice(
        lambda: None, lambda: said.append(line.voice.talking), clock=lambda: line.now
    )
    line.run(1, lambda _: 0.03)
    line.run(1, lambda _: None, start=50)
    assert said == [True, False]
