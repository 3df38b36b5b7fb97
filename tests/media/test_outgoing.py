"""Encoded frames over real connections: untouched, on time, with keyframes on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from fractions import Fraction

import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from media.frames import EncodedFrame
from media.outgoing import PassthroughTrack, send_passthrough
from media.peer import accept_answer, accept_offer, connected, make_offer, open_peer
from tests.support.loop_camera import encoded_stream
from tests.support.phone import LoopPhone


async def played(
    frames: tuple[EncodedFrame, ...], pause_s: float = 0.0
) -> AsyncIterator[EncodedFrame]:
    for frame in frames:
        yield frame
        await asyncio.sleep(pause_s)
    await asyncio.Event().wait()


def sound(at_us: int) -> EncodedFrame:
    return EncodedFrame("audio", b"\xf8\xff\xfe", at_us, keyframe=True)


async def timestamps(track: PassthroughTrack, count: int) -> list[int]:
    return [(await track.next_frame())[1] for _ in range(count)]


async def test_picture_time_stamps_count_from_the_origin() -> None:
    frames = tuple(EncodedFrame("video", b"x", 5_000_000 + n * 33_333, True) for n in range(4))
    track = PassthroughTrack("video", played(frames), origin_us=5_000_000)
    assert await timestamps(track, 4) == [0, 2999, 5999, 8999]


async def test_sound_time_stamps_are_even_unless_the_capture_has_a_gap() -> None:
    uneven_us = [0, 19_000, 41_500, 60_000, 500_000, 520_300]
    track = PassthroughTrack("audio", played(tuple(sound(at) for at in uneven_us)))
    assert await timestamps(track, 6) == [0, 960, 1920, 2880, 24_000, 24_960]


async def test_packets_carry_the_frame_and_its_time() -> None:
    track = PassthroughTrack("audio", played((sound(1_000_000),)))
    packet = await track.recv()
    assert (bytes(packet), packet.pts) == (b"\xf8\xff\xfe", 48_000)
    assert packet.time_base == Fraction(1, 48_000)


async def test_a_muted_track_takes_frames_and_sends_none() -> None:
    track = PassthroughTrack("audio", played(tuple(sound(n * 20_000) for n in range(3))))
    track.muted = True
    async with asyncio.TaskGroup() as group:
        frame = group.create_task(track.next_frame())
        await asyncio.sleep(0.01)
        assert not frame.done()
        frame.cancel()


async def test_the_track_ends_with_its_frames() -> None:
    async def none() -> AsyncIterator[EncodedFrame]:
        for frame in list[EncodedFrame]():
            yield frame

    track = PassthroughTrack("video", none())
    with pytest.raises(MediaStreamError):
        await track.next_frame()
    assert track.readyState == "ended"


async def answer(phone: LoopPhone, *tracks: PassthroughTrack) -> RTCPeerConnection:
    pc = open_peer()
    for track in tracks:
        send_passthrough(pc, track)
    await phone.take_answer(await accept_offer(pc, await phone.offer()))
    return pc


async def test_an_answer_sends_h264_and_nothing_else() -> None:
    track = PassthroughTrack("video", played(()))
    async with LoopPhone() as phone, AsyncExitStack() as closing:
        pc = await answer(phone, track, PassthroughTrack("audio", played(())))
        closing.push_async_callback(pc.close)
        video, audio = pc.localDescription.sdp.split("m=")[1:3]
        assert "VP8" not in video
        first_type = video.split()[3]
        assert f"a=rtpmap:{first_type} H264/90000" in video
        assert f"a=fmtp:{first_type} level-asymmetry-allowed=1" in video
        assert "profile-level-id=42e01f" in video.split(f"a=fmtp:{first_type}")[1].split("\r\n")[0]
        assert "opus" in audio


async def test_preferences_after_the_offer_come_too_late() -> None:
    """The trap that `send_passthrough` is called before for; when this fails, it is gone."""
    async with LoopPhone() as phone, AsyncExitStack() as closing:
        pc = open_peer()
        closing.push_async_callback(pc.close)
        offer = await phone.offer()
        await accept_offer(pc, offer)
        assert "VP8" in pc.localDescription.sdp.split("m=")[1]


async def test_every_picture_arrives_from_the_first_on() -> None:
    frames = encoded_stream(25, 10)
    track = PassthroughTrack("video", played(frames, pause_s=0.01))
    async with LoopPhone() as phone, AsyncExitStack() as closing:
        pc = await answer(phone, track, PassthroughTrack("audio", played(())))
        closing.push_async_callback(pc.close)
        await phone.until(lambda: len(phone.numbers) >= 24)
        assert phone.numbers[:24] == list(range(24))


async def test_nothing_is_taken_before_the_connection_stands() -> None:
    taken: list[str] = []

    async def frames() -> AsyncIterator[EncodedFrame]:
        taken.append(pc.connectionState)
        async for frame in played(encoded_stream(25, 10)):
            yield frame

    async with LoopPhone() as phone, AsyncExitStack() as closing:
        pc = open_peer()
        closing.push_async_callback(pc.close)
        send_passthrough(pc, PassthroughTrack("video", frames()))
        send_passthrough(pc, PassthroughTrack("audio", played(())))
        sdp = await accept_offer(pc, await phone.offer())
        assert taken == []
        await phone.take_answer(sdp)
        await phone.until(lambda: phone.numbers)
        assert taken == ["connected"]


async def test_a_lost_picture_asks_for_a_keyframe() -> None:
    asked = asyncio.Event()
    track = PassthroughTrack("video", played(encoded_stream(25, 10), pause_s=0.01))
    async with LoopPhone() as phone, AsyncExitStack() as closing:
        pc = open_peer()
        closing.push_async_callback(pc.close)
        sending = send_passthrough(pc, track, asked.set)
        send_passthrough(pc, PassthroughTrack("audio", played(())))
        await phone.take_answer(await accept_offer(pc, await phone.offer()))
        await phone.until(lambda: phone.numbers)
        assert not asked.is_set()
        await phone.receiver._send_rtcp_pli(sending.transceiver.sender._ssrc)
        async with asyncio.timeout(2):
            await asked.wait()


async def test_an_upload_counts_both_tracks_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    stamps: dict[int, list[int]] = {}
    all_heard = asyncio.Event()
    origin_us = 77_000_000
    video = PassthroughTrack("video", played(encoded_stream(25, 10, origin_us), 0.005), origin_us)
    audio = PassthroughTrack(
        "audio", played(tuple(sound(origin_us + 10_000 + n * 20_000) for n in range(20)), 0.005),
        origin_us,
    )  # fmt: skip
    async with AsyncExitStack() as closing:
        sender, receiver = open_peer(), open_peer()
        closing.push_async_callback(sender.close)
        closing.push_async_callback(receiver.close)
        for track in (video, audio):
            send_passthrough(sender, track, exact=True)
        sdp = await accept_offer(receiver, await make_offer(sender))
        for part in receiver.getReceivers():
            hear(monkeypatch, part, stamps, all_heard)
        await accept_answer(sender, sdp)
        await connected(sender)
        async with asyncio.timeout(5):
            await all_heard.wait()
    first_video, first_audio = (stamps[id(part)] for part in receiver.getReceivers())
    assert first_video[:4] == [0, 2999, 5999, 8999]
    assert first_audio[:4] == [480, 1440, 2400, 3360]


def hear(
    monkeypatch: pytest.MonkeyPatch,
    receiver: RTCRtpReceiver,
    stamps: dict[int, list[int]],
    all_heard: asyncio.Event,
) -> None:
    """Note the time stamps of what arrives; several packets of one frame count once."""
    seen = stamps.setdefault(id(receiver), [])
    original = receiver._handle_rtp_packet

    async def note(packet: RtpPacket, arrival_time_ms: int) -> None:
        if packet.payload and packet.timestamp not in seen:
            seen.append(packet.timestamp)
        if sum(map(len, stamps.values())) >= 40:
            all_heard.set()
        await original(packet, arrival_time_ms)

    monkeypatch.setattr(receiver, "_handle_rtp_packet", note)
