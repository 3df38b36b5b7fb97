"""The channel `files` between real peers: whole, resumed, stopped, refused, never greedy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device.services.call_files import _piece_bytes
from device.services.calls import Calls
from device.services.door_media import DoorMedia
from device.services.file_pace import CEILING_BPS, UNHEARD_BPS
from device.services.rewind import Rewind
from media.hub import monotonic_us
from protocol.files import CHUNK_LIMIT_BYTES, Stop
from tests.support.clip_reading import read_clip
from tests.support.door import (
    LOCKED,
    NotingCounter,
    NotingDesk,
    a_phone,
    eventually,
    media_board,
    running,
)
from tests.support.entrance import Entrance
from tests.support.files_phone import FilesPhone, Line, a_line, see
from tests.support.link_emulator import EmulatedNetwork
from tests.support.link_lane import Conditions
from tests.support.loop_camera import LoopCamera
from tests.support.phone import LoopPhone

# Grain that makes ten seconds about as large as they are at 2 Mbit/s.
NOISE = 20


class Door:
    def __init__(self) -> None:
        self.media = DoorMedia(media_board())
        self.rewind = Rewind(self.media)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """One that has just seen eleven seconds."""
    door = Door()
    see(door.media, 11, noise=NOISE)
    async with running(door.rewind.run):
        yield door


def most_buffered(line: Line, seen: list[int]) -> None:
    """Note how much waits in the doorbell's end of the channel, at every message."""
    channel = line.door_channel
    assert channel is not None
    send = channel.send

    def noting(data: bytes | str) -> None:
        send(data)
        seen.append(channel.bufferedAmount)

    channel.send = noting  # type: ignore[method-assign]


async def test_ten_seconds_arrive_whole_and_play(door: Door) -> None:
    async with a_line(door.rewind) as line:
        line.phone.ask()
        data = await line.phone.whole()
        header = line.phone.header
        assert header is not None
        assert (header.media_type, header.offset) == ("video/mp4", 0)
        assert header.size_bytes == len(data) > 2_000_000
        found = read_clip(data)
        assert found.decoded == len(found.pictures) >= 300
        assert abs(header.duration_ms / 1000 - found.seconds) < 0.1
        assert max(line.phone.pieces) <= CHUNK_LIMIT_BYTES


async def test_one_piece_waits_at_most_and_control_is_not_held_up(door: Door) -> None:
    async with a_line(door.rewind) as line:
        buffered: list[int] = []
        most_buffered(line, buffered)
        line.phone.ask()
        pings: list[float] = []
        while not line.phone.ended:
            pings.append(await line.ping_s())
            await asyncio.sleep(0.02)
        await line.phone.whole()
        assert len(buffered) > 100
        assert max(buffered) <= CHUNK_LIMIT_BYTES
        assert len(pings) > 20
        # A hundredth of a second on an idle machine.
        assert sorted(pings)[len(pings) // 2] < 0.15


async def test_on_a_narrow_network_control_and_pulses_still_pass(door: Door) -> None:
    narrow = Conditions(rate_bps=600_000, delay_ms=10)
    async with (
        EmulatedNetwork(5, down=narrow) as network,
        a_line(door.rewind, network=network) as line,
    ):
        await asyncio.sleep(1)
        line.phone.ask()
        loop = asyncio.get_running_loop()
        until_s, pings = loop.time() + 6, []
        while loop.time() < until_s:
            pings.append(await line.ping_s())
            await asyncio.sleep(0.05)
        assert sorted(pings)[len(pings) * 8 // 10] < 0.25
        # At least a third of the network was used.
        assert len(line.phone.data) > 6 * 600_000 / 8 / 3
        assert network.links[0].down.overflowed == 0


async def test_a_cut_line_is_resumed_in_another_call(door: Door) -> None:
    lossy = Conditions(rate_bps=8_000_000, delay_ms=10, loss=0.02)
    async with EmulatedNetwork(7, down=lossy) as network:
        async with a_line(door.rewind, network=network) as line:
            line.phone.ask()
            await line.phone.until(lambda: len(line.phone.data) > 300_000)
            network.blackout()
        there, header = bytes(line.phone.data), line.phone.header
        assert header is not None
        # Meanwhile the door has seen more; the file of before is still there.
        see(door.media, 2, ends_us=monotonic_us() + 2_000_000, noise=NOISE)
        async with a_line(door.rewind) as line:
            line.phone.data += there
            line.phone.ask(offset=len(there), version=header.version)
            data = await line.phone.whole()
        again = line.phone.header
        assert again is not None
        assert (again.version, again.offset) == (header.version, len(there))
        assert sum(line.phone.pieces) == len(data) - len(there)


async def test_what_is_gone_starts_at_the_beginning(door: Door) -> None:
    async with a_line(door.rewind) as line:
        line.phone.ask(offset=1000, version="of-another-day")
        await line.phone.until(lambda: line.phone.header)
        line.phone.channel.send(Stop(id=1).model_dump_json())
        header = line.phone.header
        assert header is not None
        assert header.offset == 0
        line.phone.ask(2, offset=header.size_bytes, version=header.version)
        await line.phone.until(lambda: line.phone.ended)
        line.phone.ask(3, offset=header.size_bytes + 1, version=header.version)
        await line.phone.until(lambda: line.phone.refused)
        assert "from the start" in line.phone.refused[0].detail


async def test_stop_ends_a_file_and_another_can_follow(door: Door) -> None:
    async with a_line(door.rewind) as line:
        line.phone.ask(1)
        await line.phone.until(lambda: len(line.phone.data) > 50_000)
        line.phone.channel.send(Stop(id=9).model_dump_json())
        await line.phone.until(lambda: len(line.phone.data) > 100_000)
        line.phone.channel.send(Stop(id=1).model_dump_json())
        await line.ping_s()
        await line.ping_s()
        pieces = len(line.phone.pieces)
        await asyncio.sleep(0.3)
        assert len(line.phone.pieces) == pieces
        assert line.phone.ended is None
        line.phone.ask(2)
        await line.phone.whole()
        assert line.phone.ended is not None
        assert line.phone.ended.id == 2


async def test_a_new_request_takes_the_place_of_the_one_before(door: Door) -> None:
    async with a_line(door.rewind) as line:
        line.phone.ask(1)
        await line.phone.until(lambda: len(line.phone.data) > 50_000)
        line.phone.ask(2)
        await line.phone.whole()
        assert line.phone.ended is not None
        assert line.phone.ended.id == 2


async def test_two_phones_get_the_same_file_at_once(door: Door) -> None:
    async with a_line(door.rewind) as one, a_line(door.rewind) as two:
        one.phone.ask()
        two.phone.ask()
        assert await one.phone.whole() == await two.phone.whole()
        assert one.phone.header == two.phone.header


async def test_a_slow_phone_holds_up_only_itself(door: Door) -> None:
    slow = Conditions(rate_bps=100_000)
    async with (
        EmulatedNetwork(9, down=slow) as network,
        a_line(door.rewind, network=network) as one,
        a_line(door.rewind) as two,
    ):
        buffered: list[int] = []
        most_buffered(one, buffered)
        one.phone.ask()
        two.phone.ask()
        await two.phone.whole()
        assert max(buffered) <= CHUNK_LIMIT_BYTES
        assert 0 < len(one.phone.data) < 200_000


async def test_a_phone_that_answers_no_pulses_gets_its_file_slowly() -> None:
    door = Door()
    see(door.media, 2, noise=NOISE)
    async with running(door.rewind.run), a_line(door.rewind, pulses=False) as line:
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        line.phone.ask()
        data = await line.phone.whole()
        assert loop.time() - asked_s > len(data) * 8 / UNHEARD_BPS * 0.9


async def test_the_visit_may_end_while_its_beginning_is_sent(door: Door) -> None:
    door.rewind.opened("visit-0001")
    async with a_line(door.rewind) as line:
        line.phone.ask()
        await line.phone.until(lambda: len(line.phone.data) > 50_000)
        door.rewind.closed("visit-0001")
        assert read_clip(await line.phone.whole()).seconds > 10


async def test_rights_are_asked_at_each_file(door: Door) -> None:
    guest = a_phone(rights=("view",))
    async with a_line(door.rewind, guest, answers="visit-0001") as line:
        line.phone.ask(1)
        await line.phone.until(lambda: line.phone.refused)
        assert "may not look back" in line.phone.refused[0].detail
        assert (line.phone.header, line.phone.refused[0].id) == (None, 1)
        door.rewind.opened("visit-0001")
        line.phone.ask(2)
        await line.phone.until(lambda: line.phone.header)


async def test_bad_requests_are_refused_with_one_sentence_and_harm_nothing(door: Door) -> None:
    async with a_line(door.rewind) as line:
        line.phone.ask(1)
        bad = ["", "{", "[]", "7", '{"type":"fetch"}', '{"type":"fetch","id":3,"name":"secrets"}',
               '{"type":"fetch","id":4,"name":"rewind","offset":-1}', "[" * 2000, "x" * 5000,
               '{"type":"fetch","id":5,"name":"rewind","version":"../../etc"}']  # fmt: skip
        for text in bad:
            line.phone.channel.send(text)
        line.phone.channel.send(b"\xff\xfe")
        await line.phone.whole()
        assert [refused.id for refused in line.phone.refused] == [0, 0, 0, 0, 0, 3, 4, 0, 0, 5, 0]
        assert all(refused.detail for refused in line.phone.refused)


async def test_a_second_channel_is_closed_and_the_end_of_the_first_ends_the_file(
    door: Door,
) -> None:
    async with a_line(door.rewind) as line:
        second = line.phone_end.createDataChannel("files")
        await eventually(lambda: second.readyState == "closed")
        line.phone.ask()
        await line.phone.until(lambda: len(line.phone.data) > 50_000)
        line.phone.channel.close()
        await eventually(lambda: line.door_channel and line.door_channel.readyState == "closed")
        assert await line.ping_s() < 5


async def test_a_call_brings_files_and_its_live_picture_goes_on(tmp_path: Path) -> None:
    camera, phone = LoopCamera(group=15), LoopPhone()
    media = DoorMedia(media_board(camera))
    rewind = Rewind(media)
    entrance = Entrance(tmp_path)
    calls = Calls(
        media, NotingDesk(), lambda call: None, LOCKED, gate=entrance.gate,
        household_desk=NotingCounter(), rewind=rewind,
    )  # fmt: skip
    async with running(media.run, rewind.run, calls.run), phone:
        files = FilesPhone(phone.pc.createDataChannel("files"))
        rewind.opened("visit-0001")
        await entrance.connect(calls, phone, "call-0001", a_phone())
        await phone.until(lambda: len(phone.numbers) > 10)
        seen = len(phone.numbers)
        files.ask()
        found = read_clip(await files.whole())
        await phone.until(lambda: len(phone.numbers) > seen + 10)
    # What was sent as a file began before the call; live, only a busy machine loses a picture.
    numbers = [number for number in phone.numbers if number is not None]
    assert found.decoded > numbers[0] > 0
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] < len(numbers) * 1.2


def test_pieces_are_a_fiftieth_of_a_second() -> None:
    assert _piece_bytes(1_000_000) == 2500
    assert _piece_bytes(CEILING_BPS) == CHUNK_LIMIT_BYTES
    assert 1000 < _piece_bytes(1000) < 1200
