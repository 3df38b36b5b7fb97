"""What every part of every board must do, as functions that check it: the same for twin and Pi.

Each takes a part that has not been entered yet, and the means to act on it or to look at it from
outside. A broken promise raises ContractError with one sentence.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import pairwise
from typing import TypeVar

from hardware.annexb import nal_types, profile, slice_types
from hardware.board import Board
from hardware.bridge import now_us
from hardware.errors import BusyError, ClosedError, MissingError
from hardware.ports import (
    Camera,
    Chime,
    EchoCanceller,
    Edge,
    Encoding,
    Indicator,
    Light,
    Lock,
    Microphone,
    Part,
    Sensor,
    Signal,
    Speaker,
    Window,
)
from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, EncodedFrame, SoundFrame

# Longer than any part needs for one step; a check that waits this long has found a fault.
STEP_TIMEOUT_S = 5.0
# A keyframe request may meet pictures that are in the encoder already.
KEYFRAME_WITHIN_FRAMES = 20
# How far a pulse of a lock may miss its length.
PULSE_TOLERANCE_S = 0.5
TEST_PULSE_S = 0.15
# A keyframe beyond this cannot be repaired by retransmission.
KEYFRAME_LIMIT_BYTES = 120_000
POLL_S = 0.005
SILENT = bytes(2 * SOUND_FRAME_SAMPLES)
# So many pictures may be on their way to the encoder when somebody begins to take them: 100 ms at
# 30 a second.
ON_THE_WAY = 3

Item = TypeVar("Item")


class ContractError(AssertionError):
    """A part broke a promise of its port."""


def require(promise: bool, sentence: str) -> None:
    """Raise ContractError unless the promise holds."""
    if not promise:
        raise ContractError(sentence)


async def check_sensor(sensor: Sensor, stimulate: Callable[[bool], None]) -> None:
    """`stimulate(True)` presses the button or moves before the sensor, False ends it."""
    async with sensor:
        require(not sensor.active, "A sensor that nobody touches is not active.")
        edges = sensor.edges()
        seen: list[Edge] = []
        for active in (True, False, True, False):
            before_us = now_us()
            stimulate(active)
            seen.append(await _next(edges))
            require(seen[-1].active is active, f"The edge says active={not active}.")
            require(before_us <= seen[-1].at_us <= now_us(), "An edge's time is when it happened.")
            require(sensor.active is active, "`active` agrees with the last edge.")
        # Edges that nobody waits for are kept.
        await _outlast(lambda: stimulate(True), lambda: sensor.active)
        await _outlast(lambda: stimulate(False), lambda: not sensor.active)
        kept = [(await _next(edges)).active, (await _next(edges)).active]
        require(kept == [True, False], "No edge is lost while the taker is busy.")
    await _check_closed(sensor, sensor.edges)
    require(await _ended(edges), "A closed sensor ends its taker.")


async def check_lock(lock: Lock, is_open: Callable[[], bool]) -> None:
    """`is_open` looks at the strike itself, not at the part."""
    async with lock:
        require(not lock.unlocked and not is_open(), "A lock is locked when it is opened.")
        started_us = now_us()
        lock.pulse(TEST_PULSE_S)
        require(lock.unlocked and is_open(), "A pulse opens at once.")
        _expect(BusyError, lambda: lock.pulse(TEST_PULSE_S), "A second pulse is refused.")
        await _until(lambda: not lock.unlocked and not is_open(), "A pulse ends by itself.")
        length_s = (now_us() - started_us) / 1e6
        require(abs(length_s - TEST_PULSE_S) < PULSE_TOLERANCE_S, "A pulse has its length.")
        _expect(ValueError, lambda: lock.pulse(0), "A pulse of no length is refused.")
        lock.pulse(STEP_TIMEOUT_S)
        lock.secure()
        require(not lock.unlocked and not is_open(), "`secure` locks at once.")
        lock.secure()
        lock.pulse(STEP_TIMEOUT_S)
    require(not is_open(), "A lock is locked when it is closed.")
    await _check_closed(lock, lambda: lock.pulse(TEST_PULSE_S))
    require(not is_open(), "A closed lock stays locked.")


async def check_light(light: Light, is_lit: Callable[[], bool]) -> None:
    """`is_lit` looks at the lamp itself."""
    async with light:
        require(not light.on and not is_lit(), "The light is off when it is opened.")
        for on in (True, True, False):
            light.switch(on)
            require(light.on is on and is_lit() is on, f"The light is {'on' if on else 'off'}.")
        light.switch(True)
    require(not is_lit(), "The light is off when it is closed.")
    await _check_closed(light, lambda: light.switch(True))


async def check_chime(chime: Chime, sounds: Callable[[], bool]) -> None:
    """`sounds` listens to the bell itself."""
    async with chime:
        require(not sounds(), "The chime is silent when it is opened.")
        chime.ring()
        require(sounds(), "The chime sounds at once.")
        await _until(lambda: not sounds(), "The chime stops by itself.")
        chime.ring()
        chime.ring()
    require(not sounds(), "The chime is silent when it is closed.")
    await _check_closed(chime, chime.ring)


async def check_indicator(indicator: Indicator) -> None:
    """Every signal can follow every other."""
    async with indicator:
        for signal in Signal:
            for following in Signal:
                indicator.show(signal)
                indicator.show(following)
    await _check_closed(indicator, lambda: indicator.show(Signal.LIVE))


async def check_camera(camera: Camera, *, has_close_up: bool = True) -> None:
    """Takes pictures for a few seconds; a camera without a close-up says so."""
    async with camera:
        frames = camera.frames()
        group = [await _next(frames) for _ in range(8)]
        _check_group(group)
        camera.request_keyframe()
        after = [await _next(frames) for _ in range(KEYFRAME_WITHIN_FRAMES)]
        require(any(frame.keyframe for frame in after), "A keyframe comes when it is asked for.")
        _check_order(group + after)
        camera.set_bitrate(camera.format.bitrate_bps // 2)
        small = await _check_small(camera, camera.low, frames)
        if has_close_up:
            camera.close_up.aim(Window(zoom=4.0, x=0.9, y=0.1))
            close = await _check_small(camera, camera.close_up, frames)
            require(await _left(close), "A close-up can be left.")
        else:
            _expect(MissingError, lambda: camera.close_up.aim(Window()), "It cannot be aimed.")
            _expect(MissingError, camera.close_up.frames, "It yields no pictures.")
        newer = camera.frames()
        require((await _next(newer)).keyframe, "A new taker starts at a keyframe.")
        require(await _ended(frames), "A new taker ends the earlier one.")
    await _check_closed(camera, camera.frames)
    require(await _ended(newer), "A closed camera ends its taker.")
    require(await _ended(small), "A closed camera ends the taker of its small pictures.")
    _expect(ClosedError, camera.low.frames, "A closed camera has no small pictures.")


async def _check_small(
    camera: Camera, small: Encoding, whole: AsyncIterator[EncodedFrame]
) -> AsyncIterator[EncodedFrame]:
    """A small encoding beside the large one; returns its taker, who has not left."""
    sizes = (small.format, camera.format)
    require(sizes[0].width < sizes[1].width, "A small picture is smaller.")
    require(sizes[0].fps == sizes[1].fps, "There are as many small pictures as large ones.")
    frames = small.frames()
    group = await _beside(frames, whole)
    _check_group(group)
    small.request_keyframe()
    small.set_bitrate(small.format.bitrate_bps // 2)
    after = [await _next(frames) for _ in range(KEYFRAME_WITHIN_FRAMES)]
    require(any(frame.keyframe for frame in after), "A small keyframe comes when asked for.")
    _check_order(group + after)
    require(await _left(frames), "A small picture can be left.")
    again, taken_us = small.frames(), now_us()
    first = await _next(again)
    require(first.keyframe, "Taking small pictures again starts at a keyframe.")
    oldest_us = taken_us - ON_THE_WAY * 1_000_000 // small.format.fps
    require(first.at_us >= oldest_us, "Nothing that was encoded before is left over.")
    return again


async def _beside(
    small: AsyncIterator[EncodedFrame], whole: AsyncIterator[EncodedFrame]
) -> list[EncodedFrame]:
    """Some small pictures, which have to have the times of the large ones."""
    first = await _next(small)
    times: set[int] = set()
    while max(times, default=0) < first.at_us:
        times.add((await _next(whole)).at_us)
    group = [first]
    for _ in range(8):
        times.add((await _next(whole)).at_us)
        group.append(await _next(small))
    shared = [frame.at_us for frame in group if frame.at_us <= max(times)]
    require(set(shared) <= times, "All encodings of a picture have its capture time.")
    return group


async def check_microphone(microphone: Microphone) -> None:
    """Listens for a quarter of a second."""
    async with microphone:
        frames = microphone.frames()
        heard = [await _next(frames) for _ in range(12)]
        for frame in heard:
            require(len(frame.samples) == 2 * SOUND_FRAME_SAMPLES, "A piece has 960 samples.")
        times = [frame.at_us for frame in heard]
        steps = [later - earlier for earlier, later in pairwise(times)]
        require(all(step > 0 for step in steps), "Sound's time runs forwards.")
        mean_ms = sum(steps) / len(steps) / 1000
        require(abs(mean_ms - SOUND_FRAME_MS) < SOUND_FRAME_MS / 4, "A piece lasts 20 ms.")
        require(abs(now_us() - times[-1]) < 1e6, "Sound has the time of the monotonic clock.")
    require(await _ended(frames), "A closed microphone ends its taker.")
    await _check_closed(microphone, lambda: anext(aiter(microphone.frames())))


async def check_speaker(speaker: Speaker) -> None:
    """Plays more than fits; nothing may wait or fail."""
    piece = SoundFrame(bytes(2 * SOUND_FRAME_SAMPLES), now_us())
    async with speaker:
        started_us = now_us()
        for _ in range(50):
            await speaker.play(piece)
        require(now_us() - started_us < 0.5e6, "Playing never waits for the sound to be heard.")
        ahead_us = speaker.next_at_us() - now_us()
        require(-0.05e6 < ahead_us < 0.3e6, "It is known when the next piece will sound.")
        for percent in (0, 100, 40):
            speaker.set_volume(percent)
        for wrong in (-1, 101):
            _expect(ValueError, partial(speaker.set_volume, wrong), "0 to 100 only.")
    await _check_closed(speaker, lambda: speaker.play(piece))


async def check_canceller(canceller: EchoCanceller) -> None:
    """Only what every canceller promises; how well it cancels is measured in a room."""
    start_us = now_us()
    async with canceller:
        for number in range(60):
            at_us = start_us + number * SOUND_FRAME_MS * 1000
            if 10 <= number < 30:
                canceller.played(_noise(number, at_us + 2 * SOUND_FRAME_MS * 1000))
            clean = canceller.cleaned(SoundFrame(SILENT, at_us))
            require(clean.at_us == at_us, "Cleaned sound keeps its capture time.")
            require(len(clean.samples) == len(SILENT), "Cleaned sound keeps its length.")
            require(_peak(clean) < 1000, "Silence stays quiet, whatever the speaker sounds.")
        voices = [_noise(n, start_us + (60 + n) * SOUND_FRAME_MS * 1000) for n in range(40)]
        heard = [canceller.cleaned(voice) for voice in voices]
        require(max(map(_peak, heard[20:])) > 300, "A voice passes while the speaker is silent.")
        _expect(ValueError, lambda: canceller.cleaned(SoundFrame(b"", 0)), "20 ms, not less.")
    piece = SoundFrame(SILENT, start_us)
    await _check_closed(canceller, lambda: canceller.played(piece))
    await _check_closed(canceller, lambda: canceller.cleaned(piece))


async def check_board(make: Callable[[], Board]) -> None:
    """Opens and closes whole boards; `make` gives a new one each time."""
    async with make() as board:
        require(not board.lock.unlocked, "A board opens with its door locked.")
        board.lock.pulse(STEP_TIMEOUT_S)
        lock = board.lock
    require(not lock.unlocked, "A board closes with its door locked.")
    await board.close()
    failed = make()
    try:
        async with failed:
            _fail()
    except _MadeUpError:
        pass
    require(not failed.lock.unlocked, "After a failure the door is locked.")
    await failed.close()


def _noise(number: int, at_us: int) -> SoundFrame:
    """20 ms of a rattling tone, never twice the same."""
    samples = [
        (3000 + 400 * (n % 7)) * (1 if (n * (60 + number % 5) // 960) % 2 else -1)
        for n in range(SOUND_FRAME_SAMPLES)
    ]
    return SoundFrame(struct.pack(f"<{SOUND_FRAME_SAMPLES}h", *samples), at_us)


def _peak(frame: SoundFrame) -> int:
    samples: tuple[int, ...] = struct.unpack(f"<{SOUND_FRAME_SAMPLES}h", frame.samples)
    return max(map(abs, samples))


class _MadeUpError(Exception):
    """Thrown by a check to see a board close after a failure."""


def _fail() -> None:
    raise _MadeUpError


def _check_group(group: list[EncodedFrame]) -> None:
    first = group[0]
    require(first.keyframe, "The first picture is a keyframe.")
    require(nal_types(first.data)[:2] == [7, 8], "A keyframe begins with SPS and PPS.")
    require(profile(first.data)[0] == 66, "The profile is (constrained) baseline.")
    require(bool(profile(first.data)[1] & 0x40), "Constraint set 1 holds: browsers decode it.")


def _check_order(frames: list[EncodedFrame]) -> None:
    times = [frame.at_us for frame in frames]
    require(times == sorted(set(times)), "Pictures come in the order of their capture.")
    require(abs(now_us() - times[-1]) < 1e6, "Pictures have the time of the monotonic clock.")
    for frame in frames:
        kinds = slice_types(frame.data)
        require(bool(kinds) and "B" not in kinds, "There are no B-frames.")
        idr = 5 in nal_types(frame.data)
        require(idr is frame.keyframe, "A keyframe is an IDR picture, and nothing else is.")
        if frame.keyframe:
            require(nal_types(frame.data)[:2] == [7, 8], "Every keyframe has SPS and PPS.")
            require(len(frame.data) < KEYFRAME_LIMIT_BYTES, "A keyframe is under 120 kB.")


async def _check_closed(part: Part, use: Callable[[], object]) -> None:
    await part.close()
    await part.close()
    try:
        result = use()
        if isinstance(result, Awaitable):
            await result
    except ClosedError:
        return
    raise ContractError("A part that is used after its life raises ClosedError.")


def _expect(error: type[Exception], act: Callable[[], object], sentence: str) -> None:
    try:
        act()
    except error:
        return
    raise ContractError(sentence)


async def _next(items: AsyncIterator[Item]) -> Item:
    async with asyncio.timeout(STEP_TIMEOUT_S):
        return await anext(items)


async def _left(items: AsyncIterator[Item]) -> bool:
    """Whether a taker can leave in the middle, as one that is cancelled does."""
    try:
        async with asyncio.timeout(0):
            await _ended(items)
    except TimeoutError:
        return True
    return False


async def _ended(items: AsyncIterator[Item]) -> bool:
    """Whether an iteration ends, after what still waits in it."""
    async with asyncio.timeout(STEP_TIMEOUT_S):
        async for _ in items:
            pass
    return True


async def _until(holds: Callable[[], bool], sentence: str) -> None:
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            # What is looked at changes on other threads, without a word to this loop.
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise ContractError(sentence) from None


async def _outlast(act: Callable[[], None], holds: Callable[[], bool]) -> None:
    act()
    await _until(holds, "A sensor follows what it sees.")
