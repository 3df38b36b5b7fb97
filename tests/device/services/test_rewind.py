"""Looking back: which seconds, for whom, made how often, held how long."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from device.services import rewind as module
from device.services.door_media import DoorMedia
from device.services.rewind import NoRewindError, Rewind
from device.services.visit_frames import VisitFrames
from media.frames import EncodedFrame
from media.hub import FrameHub, monotonic_us
from media.whole_clip import WholeClip, whole_clip
from protocol.door import Moment, Phone
from protocol.link import VisitMoment
from tests.support.clip_reading import read_clip
from tests.support.door import a_phone, eventually, media_board, running
from tests.support.files_phone import see
from tests.support.frames import FRAME_US, PACKET_US, picture

S = 1_000_000


def rang(visit: str = "visit-0001") -> VisitMoment:
    return VisitMoment(visit=visit, moment=Moment(at_ms=1, what="rang"))


class Door:
    """What the hubs hold is what the test lets the door see."""

    def __init__(self) -> None:
        self.media = DoorMedia(media_board())
        self.phones: dict[str, Phone] = {}
        self.now_us = monotonic_us()
        self.rewind = Rewind(self.media, self.phones.get, lambda: self.now_us)
        self.builds: list[int] = []

    async def show(self, seconds: int, ends_us: int) -> None:
        self.now_us = see(self.media, seconds, ends_us=ends_us)
        # Those who keep frames take them.
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    door = Door()

    def counting(pictures: Sequence[EncodedFrame], sounds: Sequence[EncodedFrame]) -> WholeClip:
        door.builds.append(threading.get_ident())
        return whole_clip(pictures, sounds)

    monkeypatch.setattr(module, "whole_clip", counting)
    async with running(door.rewind.run):
        yield door


async def test_without_a_visit_it_is_the_last_seconds(door: Door) -> None:
    now_us = monotonic_us()
    await door.show(12, now_us)
    file = await door.rewind.make()
    found = read_clip(file.data)
    assert 10 <= found.seconds < 11.1
    assert found.decoded == len(found.pictures)
    starts_s = time.time() - (monotonic_us() - now_us) / 1e6 - found.seconds
    assert abs(file.starts_ms / 1000 - starts_s) < 0.1
    assert abs(file.duration_ms / 1000 - found.seconds) < 0.1
    # The sound is as long as the pictures, and in step with them.
    assert found.sounds[0] < 0.02
    assert abs(found.sounds[-1] - found.pictures[-1]) < 0.06


async def test_a_visit_keeps_ten_seconds_before_the_press_and_twenty_after(door: Door) -> None:
    pressed_us = monotonic_us()
    await door.show(14, pressed_us)
    door.rewind.opened("visit-0001")
    door.rewind.occurred(rang())
    await door.show(60, pressed_us + 60 * S)
    file = await door.rewind.make()
    found = read_clip(file.data)
    starts_us = pressed_us - round(found.seconds * 1e6) + 20 * S
    assert starts_us <= pressed_us - 10 * S
    assert 30 <= found.seconds < 31.1
    # The hub's own ring is a minute further by now.
    assert door.media.video.pre_roll()[0].at_us > pressed_us + 40 * S


async def test_the_first_press_counts_and_one_long_after_it(door: Door) -> None:
    start_us = monotonic_us()
    await door.show(12, start_us)
    door.rewind.opened("visit-0001")
    await door.show(5, start_us + 6 * S)
    door.rewind.occurred(rang())
    first = await door.rewind.make()
    assert 10 <= read_clip(first.data).seconds < 12.1
    await door.show(5, start_us + 12 * S)
    door.rewind.occurred(rang())
    door.rewind.occurred(rang("visit-0002"))
    await door.show(1, start_us + 14 * S)
    longer = await door.rewind.make()
    assert longer.starts_ms - first.starts_ms < 100
    assert longer.duration_ms > first.duration_ms
    await door.show(30, start_us + 60 * S)
    door.rewind.occurred(rang())
    later = await door.rewind.make()
    assert later.starts_ms - first.starts_ms > 40_000


async def test_those_who_ask_together_get_one_file_made_on_a_thread(door: Door) -> None:
    await door.show(12, monotonic_us())
    files = await asyncio.gather(*(door.rewind.make() for _ in range(5)))
    assert all(file is files[0] for file in files)
    assert len(door.builds) == 1
    assert door.builds[0] != threading.get_ident()
    assert await door.rewind.make() is files[0]
    assert len(door.builds) == 1
    assert door.rewind.recall(files[0].version) is files[0]
    assert door.rewind.recall("another") is None


async def test_who_gives_up_does_not_take_the_file_from_the_others(door: Door) -> None:
    await door.show(12, monotonic_us())
    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(door.rewind.make())
        patient = group.create_task(door.rewind.make())
        await asyncio.sleep(0)
        impatient.cancel()
    assert len(patient.result().data) > 1000
    assert len(door.builds) == 1


async def test_another_second_is_another_file(door: Door) -> None:
    now_us = monotonic_us()
    await door.show(12, now_us)
    first = await door.rewind.make()
    await door.show(2, now_us + 2 * S)
    second = await door.rewind.make()
    assert second.version != first.version
    assert second.starts_ms - first.starts_ms > 1000
    assert door.rewind.recall(first.version) is first


async def test_the_end_of_a_visit_lets_its_frames_go(door: Door) -> None:
    await door.show(12, monotonic_us())
    door.rewind.opened("visit-0001")
    assert door.rewind.held_bytes > 0
    door.rewind.closed("visit-0404")
    assert door.rewind.held_bytes > 0
    door.rewind.closed("visit-0001")
    assert door.rewind.held_bytes == 0
    door.rewind.occurred(rang())
    assert door.rewind.held_bytes == 0


async def test_says_why_there_is_nothing(door: Door) -> None:
    with pytest.raises(NoRewindError, match="no pictures yet"):
        await door.rewind.make()
    with pytest.raises(NoRewindError, match="starting or stopping"):
        await Rewind(door.media).make()
    door.media.video.publish(EncodedFrame("video", b"\0\0\1\x65", 0, keyframe=True))
    with pytest.raises(NoRewindError, match="could not be put together"):
        await door.rewind.make()


@asynccontextmanager
async def stuck(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[threading.Event]:
    """Files take until the event is set."""
    go_on = threading.Event()
    monkeypatch.setattr(module, "whole_clip", lambda *frames: go_on.wait() and whole_clip(*frames))
    try:
        yield go_on
    finally:
        go_on.set()


async def test_the_end_of_the_service_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door()
    await door.show(12, monotonic_us())
    async with stuck(monkeypatch) as go_on, asyncio.TaskGroup() as group:
        async with running(door.rewind.run):
            waiting = group.create_task(refusal_of(door.rewind))
            await asyncio.sleep(0.05)
            assert not waiting.done()
        go_on.set()
        assert "starting or stopping" in await waiting
    assert door.rewind.held_bytes == 0


async def refusal_of(rewind: Rewind) -> str:
    with pytest.raises(NoRewindError) as refused:
        await rewind.make()
    return str(refused.value)


async def test_who_may_look_back(door: Door) -> None:
    historian = a_phone("a", rights=("view", "history"))
    guest = a_phone("b", rights=("view",))
    speaker = a_phone("c", rights=("talk",))
    door.phones.update({phone.id: phone for phone in (historian, guest, speaker)})
    door.rewind.opened("visit-0002")
    allowed = {
        (phone.id[0], answers): door.rewind.refusal(phone, answers) is None
        for phone in (historian, guest, speaker, a_phone("d"))
        for answers in (None, "visit-0001", "visit-0002")
    }
    assert {key for key, may in allowed.items() if may} == {
        ("a", None), ("a", "visit-0001"), ("a", "visit-0002"), ("b", "visit-0002"),
    }  # fmt: skip
    door.rewind.closed("visit-0002")
    assert "may not look back" in str(door.rewind.refusal(guest, "visit-0002"))


async def test_frames_are_bounded_in_bytes_and_are_not_copies() -> None:
    video, sound = FrameHub(), FrameHub()
    for number in range(60):
        video.publish(picture(number, number % 30 == 0))
    kept = VisitFrames(video, sound, 60 * FRAME_US, after_s=2, limit_bytes=60 * 4 + 100)
    assert all(mine is theirs for mine, theirs in zip(kept.pictures, video.pre_roll(), strict=True))

    async def fill() -> None:
        async with asyncio.TaskGroup() as group:
            for filler in kept.fillers():
                group.create_task(filler)

    async with running(fill):
        for number in range(60, 100):
            video.publish(picture(number, number % 30 == 0))
            sound.publish(EncodedFrame("audio", bytes(2), number * PACKET_US, keyframe=True))
            await asyncio.sleep(0)
        await eventually(lambda: kept.full)
    assert kept.size_bytes <= 60 * 4 + 100
    assert kept.pictures[0].at_us == 0
    kept.close()
    assert (kept.pictures, kept.size_bytes) == ([], 0)
