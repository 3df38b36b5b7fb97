"""What a process does that has PulseAudio's sound card: `python -m tests.support.sound_child NAME`.

Each command prints what it found as JSON.
"""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import json
import math
import os
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from device.services.door_media import DoorMedia
from hardware.contracts import check_microphone, check_speaker
from hardware.errors import HardwareError
from hardware.options import BoardOptions
from hardware.pi.board import open_pi
from hardware.pi.sound import PiMicrophone, PiSpeaker, SoundCard
from media.frames import SoundFrame
from media.mixer import Voice
from protocol.door import Part
from tests.support.loop_camera import loudest_hertz, tone
from tests.support.pulse import Pulse

Found: TypeAlias = dict[str, Any]
Command: TypeAlias = Callable[[], Awaitable[Found]]
TONE_HZ = 1000.0
# Long enough for both cards' buffers to fill with the tone.
TONE_FRAMES = 60
LIMIT_S = 10.0
# So long that the doorbell has tried in vain several times.
AWAY_S = 2.0


async def contracts() -> Found:
    """Both ports' promises, in one stream and in two."""
    for output in (None, "pulse"):
        card = SoundCard("default", output)
        await check_microphone(PiMicrophone(card))
        await check_speaker(PiSpeaker(card))
    return {}


async def loop() -> Found:
    """The tone that is played is the tone that is heard."""
    card = SoundCard(None)
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        heard = await _talk(microphone.frames(), speaker, TONE_FRAMES)
        duplex = card.duplex
    return {**_judged(heard[-20:]), "duplex": duplex}


async def two_cards() -> Found:
    """Two names for the two directions: a stream each."""
    card = SoundCard("default", "pulse")
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        heard = await _talk(microphone.frames(), speaker, TONE_FRAMES)
        duplex = card.duplex
    return {**_judged(heard[-20:]), "duplex": duplex}


async def unplug() -> Found:
    """Unplug the card while both directions are in use, then plug it in."""
    pulse, card = _pulse(), SoundCard(None)
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        await _talk(microphone.frames(), speaker, 10)
        frames = microphone.frames()
        gone_s = time.monotonic()
        pulse.unplug()
        said = await _failure(lambda: anext(frames))
        told_after_s = time.monotonic() - gone_s
        asked_s = time.monotonic()
        speaker_said = await _failure(lambda: speaker.play(_piece(0)))
        play_took_s = time.monotonic() - asked_s
        missing = await _failure(lambda: _take_until("There is no sound card", microphone))
        pulse.plug()
        plugged_s = time.monotonic()
        heard = await _patiently(microphone, speaker)
        back_after_s = time.monotonic() - plugged_s
    return {
        "said": said, "told_after_s": told_after_s, "speaker_said": speaker_said,
        "play_took_s": play_took_s, "missing": missing, "back_after_s": back_after_s,
        **_judged(heard[-20:]),
    }  # fmt: skip


async def service_unplugged() -> Found:
    """The card is pulled out."""
    return await _service(_pulse().unplug, _pulse().plug)


async def service_frozen() -> Found:
    """The card answers nothing for a while."""
    return await _service(_pulse().freeze, _pulse().thaw)


async def _service(take: Callable[[], None], give_back: Callable[[], None]) -> Found:
    """The doorbell's own media on the Pi's board while its card is away."""
    board, faults = open_pi(BoardOptions()), Faults()
    media = DoorMedia(board, faults.note)
    async with board.canceller, board.speaker, board.microphone, asyncio.TaskGroup() as group:
        tasks = [group.create_task(media.run()), group.create_task(_call(media.mixer.join()))]
        await _until(lambda: len(media.sound.pre_roll()) > 20)
        taken_s = time.monotonic()
        take()
        await _until(lambda: faults.now.keys() >= {"microphone", "speaker"})
        told_after_s, said = time.monotonic() - taken_s, dict(faults.now)
        await asyncio.sleep(AWAY_S)
        given_s = time.monotonic()
        give_back()
        await _until(lambda: not faults.now.keys() & {"microphone", "speaker"})
        back_after_s, frames = time.monotonic() - given_s, len(media.sound.pre_roll())
        await _until(lambda: len(media.sound.pre_roll()) > frames + 20)
        for task in tasks:
            task.cancel()
    return {"told_after_s": told_after_s, "back_after_s": back_after_s, **said}


class Faults:
    """What does not work now."""

    def __init__(self) -> None:
        self.now: dict[str, str] = {}

    def note(self, part: Part, detail: str | None) -> None:
        if detail is None:
            self.now.pop(part, None)
        else:
            self.now[part] = detail


async def _call(voice: Voice) -> None:
    """Somebody on a phone talks all the time."""
    for number in itertools.count():
        voice.push(np.frombuffer(tone(TONE_HZ, number), "<i2"))
        await asyncio.sleep(0.02)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - the card's threads say nothing to this loop
            await asyncio.sleep(0.02)


async def hang() -> Found:
    """The process does nothing for half a second; the card was not served, and sound goes on."""
    card = SoundCard(None)
    async with PiSpeaker(card) as speaker, PiMicrophone(card) as microphone:
        await _talk(microphone.frames(), speaker, 10)
        before = card.losses.overflows + card.losses.underflows
        # The interpreter's lock is kept meanwhile, as no Python code could.
        ctypes.PyDLL(None).usleep(500_000)
        heard = await _talk(microphone.frames(), speaker, TONE_FRAMES)
        after = card.losses.overflows + card.losses.underflows
    return {"before": before, "after": after, **_judged(heard[-20:])}


async def wrong_name() -> Found:
    """A slip in the name."""
    card = SoundCard("plse")
    return {"said": await _failure(PiMicrophone(card).__aenter__)}


def _pulse() -> Pulse:
    return Pulse(Path(os.environ["XDG_RUNTIME_DIR"]))


async def _talk(
    frames: AsyncIterator[SoundFrame], speaker: PiSpeaker, count: int
) -> list[SoundFrame]:
    """Play a piece of the tone for each that is heard."""
    heard = []
    async with asyncio.timeout(LIMIT_S):
        for number in range(count):
            await speaker.play(_piece(number))
            heard.append(await anext(frames))
    return heard


async def _patiently(microphone: PiMicrophone, speaker: PiSpeaker) -> list[SoundFrame]:
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                return await _talk(microphone.frames(), speaker, TONE_FRAMES)
            except HardwareError:
                await asyncio.sleep(0.1)


async def _failure(act: Callable[[], Awaitable[object]]) -> str:
    """The sentence with which something ends, after what was already there."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                await act()
            except HardwareError as error:
                return str(error)


async def _take_until(beginning: str, microphone: PiMicrophone) -> None:
    """Take again until the card's failure is this one."""
    try:
        await anext(microphone.frames())
    except HardwareError as error:
        if str(error).startswith(beginning):
            raise
        await asyncio.sleep(0.05)


def _piece(number: int) -> SoundFrame:
    return SoundFrame(tone(TONE_HZ, number), time.monotonic_ns() // 1000)


def _judged(heard: list[SoundFrame]) -> Found:
    samples = b"".join(frame.samples for frame in heard)
    values: tuple[int, ...] = struct.unpack(f"<{len(samples) // 2}h", samples)
    rms = math.sqrt(sum(value * value for value in values) / len(values))
    return {"hertz": loudest_hertz(samples), "rms": rms}


COMMANDS: dict[str, Command] = {
    "contracts": contracts, "loop": loop, "two-cards": two_cards, "unplug": unplug, "hang": hang,
    "wrong-name": wrong_name, "service-unplugged": service_unplugged,
    "service-frozen": service_frozen,
}  # fmt: skip


async def _main(name: str) -> None:
    print(json.dumps(await COMMANDS[name]()))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
