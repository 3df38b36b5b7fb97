"""Receiving without decoding, from a live sender and packet by packet."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import aiortc.rtcrtpreceiver
import pytest
from aiortc import RTCPeerConnection
from aiortc.jitterbuffer import JitterBuffer

from media.assembly import ArrivedPacket, WatchedBuffer
from media.frames import EncodedFrame, Kind
from media.h264 import set_units, units
from media.h264_packets import h264_payloads, h264_unit_bytes
from media.incoming import (
    WAITING_LIMIT_BYTES,
    EncodedTrack,
    ReceivedFrame,
    expect,
    receive_encoded,
)
from media.peer import accept_answer, accept_offer, connected, make_offer, open_peer
from tests.support.coded_video import pictures, visit_frames
from tests.support.encoded_sender import add_tracks

LIMIT_S = 10.0


class DecodedError(AssertionError):
    """Something asked for a decoder."""


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request for a decoder, refused."""
    asked: list[str] = []

    def refuse(codec: object) -> None:
        asked.append(str(codec))
        raise DecodedError(str(codec))

    monkeypatch.setattr(aiortc.rtcrtpreceiver, "get_decoder", refuse)
    return asked


@asynccontextmanager
async def receiving(
    frames: list[EncodedFrame], wishes: list[str] | None = None
) -> AsyncIterator[tuple[dict[Kind, EncodedTrack], asyncio.Event]]:
    """Tracks that receive `frames` from a sender in this process."""
    sender, receiver = open_peer(), open_peer()
    arrived, ready = asyncio.Event(), asyncio.Event()
    wanted = wishes if wishes is not None else []
    try:
        add_tracks(sender, frames, ready, lambda: wanted.append("keyframe"))
        tracks = {
            kind: receive_encoded(expect(receiver, kind).receiver, kind, arrived)
            for kind in dict.fromkeys(frame.kind for frame in frames)
        }
        await negotiate(sender, receiver)
        ready.set()
        yield tracks, arrived
    finally:
        await sender.close()
        await receiver.close()


async def negotiate(sender: RTCPeerConnection, receiver: RTCPeerConnection) -> None:
    await accept_answer(sender, await accept_offer(receiver, await make_offer(sender)))
    async with asyncio.timeout(LIMIT_S):
        await connected(sender)
        await connected(receiver)


async def collect(track: EncodedTrack, arrived: asyncio.Event, count: int) -> list[ReceivedFrame]:
    found: list[ReceivedFrame] = []
    async with asyncio.timeout(LIMIT_S):
        while len(found) < count:
            await arrived.wait()
            arrived.clear()
            found += track.take()
    return found


async def test_pictures_and_sound_arrive_as_they_were_sent(no_decoder: list[str]) -> None:
    frames = visit_frames(2, starts_us=5_000_000)
    sent = {
        "video": [f for f in frames if f.kind == "video"],
        "audio": [f for f in frames if f.kind == "audio"],
    }
    async with receiving(frames) as (tracks, arrived):
        # The jitter buffer holds back the last picture and the last four packets of sound.
        pictures_in = await collect(tracks["video"], arrived, len(sent["video"]) - 1)
        arrived.set()
        sounds_in = await collect(tracks["audio"], arrived, len(sent["audio"]) - 4)
        assert not any("decoder" in thread.name for thread in threading.enumerate())
    # RTP carries units, not start codes, of which there are two lengths.
    assert [list(units(f.data)) for f in pictures_in] == [
        list(units(f.data)) for f in sent["video"][:-1]
    ]
    assert [f.data for f in sounds_in] == [f.data for f in sent["audio"][:-4]]
    assert [f.keyframe for f in pictures_in] == [f.keyframe for f in sent["video"][:-1]]
    assert [f.ticks for f in sounds_in[:3]] == [0, 960, 1920]
    assert [f.ticks for f in pictures_in[:2]] == [0, 2999]
    assert no_decoder == []


async def test_the_end_of_the_sender_ends_the_tracks() -> None:
    async with receiving(visit_frames(1)) as (tracks, arrived):
        await collect(tracks["video"], arrived, 20)
    assert tracks["video"].ended
    assert tracks["audio"].ended


async def test_asks_for_a_keyframe_until_there_is_one() -> None:
    shots = visit_frames(2)
    wishes: list[str] = []
    late = [f for f in shots if f.kind == "video"][5:]
    async with receiving(late, wishes) as (tracks, arrived):
        first = (await collect(tracks["video"], arrived, 1))[0]
    assert first.keyframe
    assert list(units(first.data)) == list(units(late[25].data))
    assert wishes


async def test_the_senders_reports_are_kept() -> None:
    began_us = time.monotonic_ns() // 1000
    async with receiving(visit_frames(1, starts_us=began_us)) as (tracks, arrived):
        await collect(tracks["video"], arrived, 20)
        async with asyncio.timeout(LIMIT_S):
            while tracks["video"].report is None:  # noqa: ASYNC110 - reports wake nobody
                await asyncio.sleep(0.05)
        report = tracks["video"].report
    # Whenever it was sent, it leads back to the moment of the first picture.
    captured_us = report.unix_us - report.ticks * 1_000_000 // 90_000
    began_unix_us = time.time_ns() // 1000 - (time.monotonic_ns() // 1000 - began_us)
    assert abs(captured_us - began_unix_us) < 20_000


async def test_a_receiver_that_already_receives_is_refused() -> None:
    sender, receiver = open_peer(), open_peer()
    ready, arrived = asyncio.Event(), asyncio.Event()
    try:
        add_tracks(sender, visit_frames(1), ready)
        transceiver = expect(receiver, "video")
        receive_encoded(transceiver.receiver, "video", arrived)
        await negotiate(sender, receiver)
        with pytest.raises(RuntimeError, match="before it starts"):
            receive_encoded(transceiver.receiver, "video", arrived)
    finally:
        await sender.close()
        await receiver.close()


class Wire:
    """Pictures as packets through the jitter buffer into a track, without a network."""

    def __init__(self) -> None:
        self.asked = 0
        self.track = EncodedTrack("video", asyncio.Event(), self._ask)
        self.now = 0.0
        self._buffer = WatchedBuffer(
            JitterBuffer(512, is_video=True), self.track._lost, lambda: self.now
        )
        self._sequence = 65_000

    def _ask(self) -> None:
        self.asked += 1

    def send(self, number: int, data: bytes, lose: range = range(0)) -> None:
        payloads = h264_payloads(data)
        for index, payload in enumerate(payloads):
            packet = ArrivedPacket(self._sequence, number * 3000, h264_unit_bytes(payload))
            self._sequence = self._sequence + 1 & 0xFFFF
            if index not in lose:
                _, frame = self._buffer.add(packet)
                if frame is not None:
                    self.track._arrive(frame.data, frame.timestamp)


def grainy(count: int) -> tuple[bytes, ...]:
    return pictures(count, noise=80)


def test_after_a_loss_nothing_comes_before_the_next_keyframe() -> None:
    wire, shots = Wire(), grainy(300)
    for number, data in enumerate(shots):
        wire.send(number, data, lose=range(3, 4) if number == 10 else range(0))
    taken = [frame.ticks // 3000 for frame in wire.track.take()]
    assert taken[:10] == list(range(10))
    resumed = taken[10]
    assert resumed % 30 == 0
    assert taken[10:] == list(range(resumed, 299))
    assert wire.track.gaps == 1
    assert wire.asked == 1


def test_a_packet_that_never_comes_holds_up_a_slow_stream_for_a_second() -> None:
    wire, shots = Wire(), pictures(150)
    for number, data in enumerate(shots):
        wire.now = number / 30
        wire.send(number, data, lose=range(1) if number == 40 else range(0))
    taken = [frame.ticks // 3000 for frame in wire.track.take()]
    # Picture 39 cannot be known to be whole without what follows it.
    assert taken[:39] == list(range(39))
    assert taken[39:] == list(range(60, 60 + len(taken) - 39))
    assert len(taken) > 39 + 50
    assert wire.track.gaps == 1


def test_a_beheaded_picture_is_not_handed_out() -> None:
    wire, shots = Wire(), grainy(62)
    for number, data in enumerate(shots):
        wire.send(number, data, lose=range(2) if number == 0 else range(0))
    taken = [frame.ticks // 3000 for frame in wire.track.take()]
    assert taken == list(range(30, 61))
    assert wire.asked >= 1


def test_what_nobody_takes_does_not_grow() -> None:
    track = EncodedTrack("video", asyncio.Event(), lambda: None)
    keyframe = pictures(1)[0]
    large = keyframe + bytes(1024 * 1024 - len(keyframe) - 1) + b"\x01"
    for number in range(40):
        track._arrive(large, number * 3000)
    assert sum(len(frame.data) for frame in track.take()) <= WAITING_LIMIT_BYTES
    assert track.gaps == 8


def test_a_smaller_limit_holds_too() -> None:
    track = EncodedTrack("video", asyncio.Event(), lambda: None, limit_bytes=100_000)
    for number, data in enumerate(grainy(60)):
        track._arrive(data, number * 3000)
    assert 50_000 < sum(len(frame.data) for frame in track.take()) <= 100_000
    assert track.gaps >= 1


def test_parameter_sets_sent_apart_stand_before_their_picture() -> None:
    track = EncodedTrack("video", asyncio.Event(), lambda: None)
    keyframe, other = pictures(2)
    sets = set_units(keyframe)
    track._arrive(sets, 2999)
    track._arrive(keyframe[len(sets) :], 3000)
    track._arrive(other, 6000)
    taken = track.take()
    assert [frame.data for frame in taken] == [keyframe, other]
    assert track.gaps == 0


@pytest.mark.parametrize("first", [0, 2**32 - 4800, 2**31 - 100, 123_456])
def test_time_stamps_go_on_past_the_wrap(first: int) -> None:
    track = EncodedTrack("audio", asyncio.Event(), lambda: None)
    for step in range(20):
        track._arrive(b"\xf8\xff\xfe", (first + step * 960) % 2**32)
    ticks = [frame.ticks for frame in track.take()]
    assert [after - before for before, after in pairwise(ticks)] == [960] * 19
    assert -(2**31) <= ticks[0] < 2**31
