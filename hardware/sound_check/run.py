"""Runs the self-test over any microphone, speaker and canceller that are open."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import numpy as np

from hardware.echo.reference import Grid
from hardware.errors import StalledError
from hardware.ports import EchoCanceller, Microphone, Speaker
from hardware.sound_check.signals import Score, score
from hardware.sound_check.verdict import Measured, measure
from hardware.sound_file import Samples
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame

# The score lasts seven seconds; a card that takes longer does not run at its rate.
LIMIT_S = 30.0
# So much waits at the speaker, so that a late piece makes no hole.
AHEAD_FRAMES = 2
SILENCE = bytes(2 * SOUND_FRAME_SAMPLES)

# What was heard, and what was handed to the speaker then.
_Turn: TypeAlias = tuple[SoundFrame, SoundFrame]


class _Tape:
    """Pieces on a line that begins with the first."""

    def __init__(self) -> None:
        self._grid = Grid()
        self._pieces: list[tuple[int, bytes]] = []

    def note(self, frame: SoundFrame) -> None:
        self._pieces.append((self._grid.place(frame.at_us), frame.samples))

    @property
    def places(self) -> list[int]:
        """Where each piece begins, in samples of the clock."""
        return [place for place, _ in self._pieces]

    @property
    def gaps(self) -> int:
        """How often a whole piece was missing; clocks that have just met shift by less."""
        return int(np.count_nonzero(np.diff(self.places) > 1.5 * SOUND_FRAME_SAMPLES))

    def since(self, start: int, count: int) -> Samples:
        """So many samples from `start` on; silence where there are none."""
        line = np.zeros(count, np.int16)
        for place, piece in self._pieces:
            first, last = max(0, start - place), min(SOUND_FRAME_SAMPLES, start + count - place)
            if first < last:
                sound = np.frombuffer(piece, "<i2")
                line[place + first - start : place + last - start] = sound[first:last]
        return line


async def run(microphone: Microphone, speaker: Speaker, canceller: EchoCanceller) -> Measured:
    """Play the score and measure what comes back, in seven seconds. HardwareError."""
    played = score()
    try:
        async with asyncio.timeout(LIMIT_S):
            turns = await _play(played, microphone, speaker)
    except TimeoutError as error:
        raise StalledError(
            "The sound card is too slow: seven seconds of sound took half a minute. Try another."
        ) from error
    return _measured(played, turns, canceller)


async def _play(played: Score, microphone: Microphone, speaker: Speaker) -> list[_Turn]:
    """The microphone sets the pace: a piece is played for each that is heard."""
    turns = []
    frames = microphone.frames()
    for _ in range(AHEAD_FRAMES):
        await speaker.play(SoundFrame(SILENCE, 0))
    for piece in played.pieces:
        heard = await anext(frames)
        said = SoundFrame(piece.astype("<i2").tobytes(), speaker.next_at_us())
        await speaker.play(said)
        turns.append((heard, said))
    return turns


def _measured(played: Score, turns: list[_Turn], canceller: EchoCanceller) -> Measured:
    """The canceller works afterwards: what it needs of a small board must not make gaps here."""
    said, heard, cleaned = _Tape(), _Tape(), _Tape()
    for at_microphone, at_speaker in turns:
        heard.note(at_microphone)
        cleaned.note(canceller.cleaned(at_microphone))
        canceller.played(at_speaker)
        said.note(at_speaker)
    start, count = said.places[0], len(played.sound)
    sounding = played.sounding([place - start for place in said.places])
    return measure(sounding, heard.since(start, count), cleaned.since(start, count), heard.gaps)
