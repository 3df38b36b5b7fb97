"""Recordings and snapshots sent to a real WHIP server over the loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from device.services import recording
from device.services.door_media import DoorMedia
from device.services.uplink import Uplink
from media import peer
from media.frames import EncodedFrame
from media.hub import monotonic_us
from protocol.door import Part
from protocol.identity import Identity, verify_token
from tests.support.door import eventually, media_board, running
from tests.support.loop_camera import FRAME_US, encoded_stream
from tests.support.whip_server import ReceivedSession, WhipServer, reply

IDENTITY = Identity.generate()
PICTURES = 360
GROUP = 30
# A receiver knows that a picture is whole when the next one begins; the very last has none.
UNFINISHED = 1


class Door:
    """Hubs with twelve seconds behind them, and an uplink that runs."""

    def __init__(self, url: str) -> None:
        self.media = DoorMedia(media_board(), pre_roll_s=10.0)
        self.faults: list[tuple[Part, bool]] = []
        self.uplink = Uplink(self.media, url, IDENTITY, self._fault)
        self.start_us = monotonic_us() - PICTURES * FRAME_US
        for frame in self.stream[:PICTURES]:
            self.media.video.publish(frame)
        for packet in self.sounds(0, PICTURES):
            self.media.sound.publish(packet)

    @property
    def stream(self) -> list[EncodedFrame]:
        """Pictures whose time code is their number; the capture times are this door's."""
        return [
            EncodedFrame("video", frame.data, self.start_us + frame.at_us, frame.keyframe)
            for frame in encoded_stream(2 * PICTURES, GROUP)
        ]

    def sounds(self, first: int, last: int) -> list[EncodedFrame]:
        """The sound beside some pictures; the data says when."""
        begin, end = first * FRAME_US // 20_000, last * FRAME_US // 20_000
        return [
            EncodedFrame("audio", b"\xf8" + n.to_bytes(4, "big"), self.start_us + n * 20_000, True)
            for n in range(begin, end)
        ]

    async def goes_on(self, first: int, last: int, pause_s: float = 0.0) -> None:
        for frame in self.stream[first:last]:
            self.media.video.publish(frame)
            await asyncio.sleep(pause_s)
        for packet in self.sounds(first, last):
            self.media.sound.publish(packet)

    def numbers(self, session: ReceivedSession) -> list[int]:
        """Which pictures a session brought."""
        known = {slice_of(frame.data): number for number, frame in enumerate(self.stream)}
        return [known[slice_of(frame.data)] for frame in session.frames("video")]

    def _fault(self, part: Part, detail: str | None) -> None:
        self.faults.append((part, detail is not None))


def slice_of(data: bytes) -> bytes:
    """The last unit of a picture: start codes may change their length on the way."""
    return data.rpartition(b"\0\0\1")[2]


@pytest.fixture
async def server() -> AsyncIterator[WhipServer]:
    async with WhipServer().serving() as server:
        yield server


@asynccontextmanager
async def a_door(url: str) -> AsyncIterator[Door]:
    door = Door(url)
    async with running(door.uplink.run):
        yield door


@pytest.fixture
async def door(server: WhipServer) -> AsyncIterator[Door]:
    async with a_door(server.url) as door:
        yield door


async def test_a_visit_arrives_whole_from_its_pre_roll_on(server: WhipServer, door: Door) -> None:
    door.uplink.start("visit-0001")
    door.uplink.start("visit-0001")
    await door.goes_on(PICTURES, PICTURES + 10)
    await eventually(lambda: server.sessions and len(server.sessions[0].frames("video")) > 300, 9)
    await door.goes_on(PICTURES + 10, PICTURES + 40)
    door.uplink.stop("visit-0001")
    door.uplink.stop("visit-0001")
    await eventually(lambda: server.sessions[0].ended)
    (session,) = server.sessions
    assert session.visit == "visit-0001"
    numbers = door.numbers(session)
    assert numbers[0] % GROUP == 0
    assert PICTURES - 300 - GROUP <= numbers[0] <= PICTURES - 300
    assert numbers == list(range(numbers[0], PICTURES + 40 - UNFINISHED))


async def test_the_recorder_learns_when_each_frame_was_captured(
    server: WhipServer, door: Door
) -> None:
    unix_ms = (time.time_ns() // 1000 - monotonic_us() + door.start_us) / 1000
    door.uplink.start("visit-0001")
    door.uplink.stop("visit-0001")
    await eventually(lambda: server.sessions and server.sessions[0].ended, 9)
    (session,) = server.sessions
    pictures, sounds = session.frames("video"), session.frames("audio")
    first = door.numbers(session)[0]
    for offset, frame in enumerate(pictures):
        captured_ms = unix_ms + (first + offset) * FRAME_US / 1000
        assert abs(session.captured_ms(frame) - captured_ms) < 2
    for frame in sounds:
        captured_ms = unix_ms + int.from_bytes(frame.data[1:], "big") * 20
        assert abs(session.captured_ms(frame) - captured_ms) < 2
    assert len(sounds) > 480
    # The two clocks round differently, by less than a tick.
    assert -0.1 < session.captured_ms(sounds[0]) - session.captured_ms(pictures[0]) < 21
    gaps = [b.arrived_us - a.arrived_us for a, b in pairwise(pictures)]
    # Ten seconds in a tenth of the time, and not in one burst.
    assert sum(gaps) < 5_000_000
    assert len([gap for gap in gaps if gap > 0]) > len(gaps) / 2


async def test_every_request_has_a_fresh_token(server: WhipServer, door: Door) -> None:
    door.uplink.start("visit-0001")
    door.uplink.stop("visit-0001")
    await eventually(lambda: server.sessions and server.sessions[0].ended, 9)
    tokens = [token.removeprefix("Bearer ") for token in server.tokens]
    assert len(set(tokens)) == len(tokens) == 2
    for token in tokens:
        assert verify_token(token, IDENTITY.public, "record", time.time())["iss"] == IDENTITY.id
    path = f"/api/v1/doorbells/{IDENTITY.id}/recordings"
    assert server.requests == [("POST", path), ("DELETE", "/api/v1/recordings/0")]


async def test_an_overloaded_or_moved_recorder_gets_the_visit_all_the_same(
    server: WhipServer, door: Door
) -> None:
    server.absolute = True
    moved = f"{server.url}/api/v1/elsewhere/recordings?visit=visit-0001"
    server.replies = [reply(503, Retry_After="0"), reply(500), reply(307, Location=moved)]
    door.uplink.start("visit-0001")
    await eventually(lambda: server.sessions, 9)
    door.uplink.stop("visit-0001")
    await eventually(lambda: server.sessions[0].ended, 9)
    assert [path for _, path in server.requests[2:4]] == [
        f"/api/v1/doorbells/{IDENTITY.id}/recordings", "/api/v1/elsewhere/recordings",
    ]  # fmt: skip
    assert door.numbers(server.sessions[0])[-1] == PICTURES - 1 - UNFINISHED
    assert door.faults == [("recorder", True), ("recorder", True), ("recorder", False)]


async def test_a_recorder_that_goes_away_gets_a_second_session_without_a_hole(
    server: WhipServer, door: Door
) -> None:
    door.uplink.start("visit-0001")
    await eventually(lambda: server.sessions and len(server.sessions[0].frames("video")) > 200, 9)
    await server.sessions[0].pc.close()
    await door.goes_on(PICTURES, PICTURES + 30)
    await eventually(lambda: len(server.sessions) == 2, 9)
    door.uplink.stop("visit-0001")
    await eventually(lambda: server.sessions[1].ended, 9)
    first, second = (door.numbers(session) for session in server.sessions)
    assert second == list(range(second[0], PICTURES + 30 - UNFINISHED))
    assert second[0] % GROUP == 0
    assert second[0] <= first[-1] + 1
    assert door.faults == [("recorder", True), ("recorder", False)]


async def test_a_silent_recorder_is_noticed(
    server: WhipServer, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "UNHEARD_LIMIT_S", 0.5)
    monkeypatch.setattr(peer, "LOOK_EVERY_S", 0.1)
    door.uplink.start("visit-0001")
    await eventually(lambda: len(server.sessions) == 2, 9)
    assert door.faults[0] == ("recorder", True)


async def test_a_recorder_that_is_not_there_stops_nothing(unused_port: int) -> None:
    async with a_door(f"http://127.0.0.1:{unused_port}") as door:
        door.uplink.start("visit-0001")
        await eventually(lambda: door.faults == [("recorder", True)])
        door.uplink.start("visit-0002")
        door.uplink.stop("visit-0001")
        await door.goes_on(PICTURES, PICTURES + 5)


@pytest.fixture
async def unused_port() -> int:
    """A port that was free a moment ago."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_a_refused_offer_is_not_repeated(server: WhipServer, door: Door) -> None:
    server.replies = [reply(406)]
    door.uplink.start("visit-0001")
    await eventually(lambda: door.faults == [("recorder", True)])
    door.uplink.stop("visit-0001")
    door.uplink.start("visit-0002")
    door.uplink.stop("visit-0002")
    await eventually(lambda: server.sessions and server.sessions[0].ended, 9)
    assert [session.visit for session in server.sessions] == ["visit-0002"]


async def test_a_door_without_a_picture_opens_no_session(server: WhipServer) -> None:
    media = DoorMedia(media_board())
    uplink = Uplink(media, server.url, IDENTITY)
    async with running(uplink.run):
        uplink.start("visit-0001")
        uplink.stop("visit-0001")
        uplink.put_snapshot("visit-0002", b"jpeg")
        await eventually(lambda: server.pictures)
    assert server.requests == [("PUT", "/api/v1/visits/visit-0002/snapshot")]


async def test_a_snapshot_is_sent_until_it_is_taken(server: WhipServer, door: Door) -> None:
    server.replies = [reply(404), reply(503, Retry_After="0")]
    door.uplink.put_snapshot("visit-0001", b"jpeg")
    await eventually(lambda: server.pictures)
    assert server.pictures == {"/api/v1/visits/visit-0001/snapshot": b"jpeg"}
    assert len(server.requests) == 3


async def test_a_snapshot_that_is_refused_is_not_repeated(server: WhipServer, door: Door) -> None:
    server.replies = [reply(415)]
    door.uplink.put_snapshot("visit-0001", b"jpeg")
    await eventually(lambda: server.requests)
    await asyncio.sleep(0.4)
    assert len(server.requests) == 1
