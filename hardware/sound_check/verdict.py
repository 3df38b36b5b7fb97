"""What the measured sound means, in sentences with the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware.sound_check.signals import CHIRPS, Score, delays_ms, rms
from hardware.sound_file import Samples

FULL_SCALE = 32_767
# Cards stop a little before the end of the scale.
CLIPPED_AT = 32_600
# A single sample is a crack, a thousandth is a voice out of shape.
CLIPPED_LIMIT = 0.001
# A canceller looks for the echo anew when it moves by more.
WANDER_LIMIT_MS = 5.0
# The sound of a room, quieter than anybody's voice.
FAINT_DB = 45.0
# Who talks on a phone does not notice an echo of this loss; below the other it disturbs.
UNHEARD_DB, DISTURBING_DB = 35.0, 20.0
# The loss of an echo that cannot be told from silence.
NOTHING_DB = 99.0
# A background rises and falls by 1 dB.
HEARD_ABOVE = 1.12


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one run. `delays_ms`: beyond what the speaker says of itself."""

    delays_ms: tuple[float, ...]
    echo_loss_db: float
    """How much quieter the microphone hears the speaker than it was played."""
    cleaned_loss_db: float
    """The same behind the canceller."""
    floor_db: float
    """What is heard while nothing is played, in dB of full scale."""
    clipped: float
    """The share of what was heard that was too loud for the card."""
    gaps: int
    """How often sound was missing between two pieces."""

    @property
    def delay_ms(self) -> float | None:
        """The delay in the middle; None when too little was heard."""
        return sorted(self.delays_ms)[len(self.delays_ms) // 2] if self.hears else None

    @property
    def wander_ms(self) -> float:
        """How far the delays lie apart."""
        return max(self.delays_ms) - min(self.delays_ms) if self.delays_ms else 0.0

    @property
    def hears(self) -> bool:
        """Whether the microphone hears the speaker."""
        return len(self.delays_ms) > CHIRPS // 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether people can talk, and what to say about it."""

    works: bool
    sentences: tuple[str, ...]


def measure(played: Score, heard: Samples, cleaned: Samples, gaps: int) -> Measured:
    """Figures from what was played, heard and cleaned; all three begin at the same time."""
    delays = delays_ms(heard, played)
    shift = round(sorted(delays)[len(delays) // 2] * 48) if delays else 0
    babble = slice(played.babble.start + shift, played.babble.stop + shift)
    floor, sound = rms(heard[played.quiet]), played.loudness
    return Measured(
        delays,
        echo_loss_db=_loss_db(sound, rms(heard[babble]), floor),
        cleaned_loss_db=_loss_db(sound, rms(cleaned[babble]), rms(cleaned[played.quiet])),
        floor_db=_db(floor / FULL_SCALE),
        clipped=float(np.mean(np.abs(heard.astype(np.int32)) >= CLIPPED_AT)),
        gaps=gaps,
    )


def judge(measured: Measured) -> Verdict:
    """What it means: first what is wrong, the worst first, then how the echo is."""
    if not measured.hears:
        return Verdict(False, (_unheard(measured),))
    wrong = tuple(_wrong(measured))
    return Verdict(
        not wrong and measured.cleaned_loss_db >= DISTURBING_DB, (*wrong, _echo(measured))
    )


def lines(measured: Measured) -> Iterator[str]:
    """The figures, for a person."""
    if (delay := measured.delay_ms) is not None:
        yield f"delay           {delay:.0f} ms, steady within {measured.wander_ms:.1f} ms"
        yield f"echo            {_level(measured.echo_loss_db)}"
        yield f"with canceller  {_level(measured.cleaned_loss_db)}"
    yield f"background      {measured.floor_db:.0f} dB of full scale"
    yield f"too loud        {measured.clipped:.2%} of what was heard"
    yield f"gaps            {measured.gaps}"


def _unheard(measured: Measured) -> str:
    if measured.floor_db <= -NOTHING_DB:
        return (
            "The microphone gives perfect silence: it is muted, or its data wire is loose."
            " Look at it with alsamixer, and at its wiring."
        )
    return (
        "The microphone does not hear the speaker: one of them is dead or muted, or the speaker is"
        " another card. Check both plugs and sound.output, and turn the speaker up with alsamixer."
    )


def _wrong(measured: Measured) -> Iterator[str]:
    if measured.clipped > CLIPPED_LIMIT:
        yield (
            f"The microphone is overdriven ({measured.clipped:.1%} of what it heard):"
            " turn it, or the speaker, down with alsamixer."
        )
    if measured.wander_ms > WANDER_LIMIT_MS:
        yield (
            f"The delay wanders by {measured.wander_ms:.0f} ms, which no echo canceller follows:"
            " use one card for both directions, and plug it into the Pi without a hub."
        )
    if measured.gaps:
        times = "once" if measured.gaps == 1 else f"{measured.gaps} times"
        yield f"Sound was missing {times}: give the Pi less to do, or a better power supply."
    if measured.echo_loss_db > FAINT_DB:
        yield (
            "The microphone hardly hears the speaker: turn one of them up with alsamixer, unless"
            " visitors and phones hear each other well."
        )


def _echo(measured: Measured) -> str:
    loss_db = measured.cleaned_loss_db
    if loss_db >= UNHEARD_DB:
        return "Both can talk at once; phones do not hear themselves."
    if loss_db >= DISTURBING_DB:
        return (
            "Phones hear a faint echo of themselves; more distance between microphone and speaker,"
            " or a quieter speaker, takes it away."
        )
    return (
        "Phones hear themselves: move the microphone away from the speaker, turn the speaker down,"
        ' or set sound.echo to "duck".'
    )


def _level(loss_db: float) -> str:
    if loss_db >= NOTHING_DB:
        return "not heard above the background"
    side = "below" if loss_db >= 0 else "above"
    return f"{abs(loss_db):.0f} dB {side} what is played"


def _loss_db(played: float, heard: float, floor: float) -> float:
    """How much quieter, when what is heard anyway is taken out."""
    if heard < floor * HEARD_ABOVE:
        return NOTHING_DB
    return min(NOTHING_DB, -_db(math.sqrt(heard**2 - floor**2) / played))


def _db(ratio: float) -> float:
    return 20 * math.log10(max(ratio, 10 ** (-NOTHING_DB / 20)))
