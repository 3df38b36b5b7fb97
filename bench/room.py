"""Echo in simulated rooms: how much of it each canceller takes away, and what a visitor loses.

The whole part is measured as the doorbell uses it, gain control included. Loss is the level of
the visitor while both talk, against the same visitor alone (as ITU-T P.1110 section 11.11 does).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from bench.room_sound import Room, Sound, far_voice, level_db, near_voice
from bench.row import Row
from hardware.echo.ducker import Ducker
from hardware.echo.null import NullCanceller
from hardware.echo.webrtc import WebrtcCanceller
from hardware.ports import EchoCanceller
from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame

SECONDS = 16.0
# A canceller may learn for so long.
LEARNING_S = 3.0
# So long before it is heard, a piece is handed to the speaker.
QUEUE_US = 40_000
ROOMS = (
    Room(delay_s=0.02, seed=1),
    Room(delay_s=0.02, drift_ppm=100, seed=2, decay_s=0.3),
    Room(delay_s=0.06, drift_ppm=100, seed=3, decay_s=0.2),
    Room(delay_s=0.06, seed=6, decay_s=0.2),
    Room(delay_s=0.12, drift_ppm=-100, seed=4),
    Room(delay_s=0.12, seed=5, decay_s=0.3),
)
CANCELLERS: dict[str, Callable[[], EchoCanceller]] = {
    "webrtc": WebrtcCanceller,
    "duck": Ducker,
    "off": NullCanceller,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """`erle_db`: echo taken away in single talk; `loss_db`: of the visitor while both talk."""

    erle_db: float
    loss_db: float
    us_per_frame: float


async def rows(folder: Path) -> list[Row]:
    """Every canceller in every room."""
    heard = {
        name: [await measure(make, room) for room in ROOMS] for name, make in CANCELLERS.items()
    }
    return [_erle(heard), *_losses(heard), _cost(heard)]


def _erle(heard: dict[str, list[Heard]]) -> Row:
    worst = {name: min(room.erle_db for room in rooms) for name, rooms in heard.items()}
    usual = median(room.erle_db for room in heard["webrtc"])
    return Row(
        "echo taken away while one talks (ERLE), worst room", worst.pop("webrtc"), "dB", 20,
        at_least=True, note=f"{len(ROOMS)} rooms, median {usual:.1f}", peers=worst,
    )  # fmt: skip


def _losses(heard: dict[str, list[Heard]]) -> list[Row]:
    """Apart by clock: a drift cannot be learnt, only chased."""
    rows = []
    for name, drifts, bound in (("one card", False, 3.0), ("two cards, 100 ppm", True, None)):
        worst = {
            canceller: max(h.loss_db for h, room in zip(rooms, ROOMS, strict=True)
                           if bool(room.drift_ppm) is drifts)
            for canceller, rooms in heard.items()
        }  # fmt: skip
        rows.append(
            Row(
                f"visitor's loss while both talk, {name}, worst room", worst.pop("webrtc"), "dB",
                bound, note="visitor as loud as the echo", peers=worst,
            )
        )  # fmt: skip
    return rows


def _cost(heard: dict[str, list[Heard]]) -> Row:
    cost = {name: median(h.us_per_frame for h in rooms) / 1000 for name, rooms in heard.items()}
    return Row(
        "cleaning 20 ms of sound while the speaker sounds", cost.pop("webrtc"), "ms", 5,
        note="on a thread of its own", peers=cost,
    )  # fmt: skip


async def measure(make: Callable[[], EchoCanceller], room: Room, seconds: float = SECONDS) -> Heard:
    """One canceller in one room: the phone alone, the visitor alone, both."""
    far, near = far_voice(seconds), near_voice(seconds)
    noise = room.noise(len(far))
    echo = room.echo(far)
    started = time.perf_counter()
    single = await cleaned(make(), echo + noise, far)
    spent_s = time.perf_counter() - started
    both = await cleaned(make(), echo + near + noise, far)
    alone = await cleaned(make(), near + noise, np.zeros_like(far))
    learnt = slice(round(LEARNING_S * SOUND_RATE_HZ), len(single))
    return Heard(
        erle_db=level_db((echo + noise)[learnt]) - level_db(single[learnt]),
        loss_db=level_db(alone[learnt]) - level_db(both[learnt]),
        us_per_frame=spent_s * 1e6 / (len(single) / SOUND_FRAME_SAMPLES),
    )


async def cleaned(canceller: EchoCanceller, microphone: Sound, speaker: Sound) -> Sound:
    """What a canceller makes of it; `speaker` sounds `QUEUE_US` after it was handed over."""
    queued = np.zeros(QUEUE_US * SOUND_RATE_HZ // 1_000_000)
    at_microphone = np.concatenate((queued, microphone))[: len(microphone)]
    pieces = zip(_cut(at_microphone), _cut(speaker), strict=True)
    start_us = time.monotonic_ns() // 1000
    out: list[Sound] = []
    async with canceller:
        for number, (near, far) in enumerate(pieces):
            at_us = start_us + number * SOUND_FRAME_MS * 1000
            canceller.played(SoundFrame(far, at_us + QUEUE_US))
            clean = canceller.cleaned(SoundFrame(near, at_us))
            out.append(np.frombuffer(clean.samples, "<i2").astype(np.float64))
    return np.concatenate(out)


def _cut(sound: Sound) -> list[bytes]:
    whole = len(sound) // SOUND_FRAME_SAMPLES * SOUND_FRAME_SAMPLES
    samples = sound[:whole].clip(-32768, 32767).astype("<i2").reshape(-1, SOUND_FRAME_SAMPLES)
    return [piece.tobytes() for piece in samples]


if __name__ == "__main__":
    print("\n".join(row.as_text() for row in asyncio.run(rows(Path()))))
