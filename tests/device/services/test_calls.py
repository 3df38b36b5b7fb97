"""Calls between the doorbell and phones: real connections over the loopback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from device.services.call import CallLimits
from protocol.control import CallState, Challenge, Denied, Done, HangUp, Light, Mute, Unlock
from protocol.door import Fault
from protocol.link import CallAnswer, CallCandidate, CallRefused
from tests.support.calling_house import House, a_house
from tests.support.door import CHALLENGE, LOCKED, a_phone, eventually
from tests.support.loop_camera import loudest_hertz
from tests.support.phone import LoopPhone, ToneTrack


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


def others(phone: LoopPhone) -> list[tuple[str, ...]]:
    """The names in every state that the phone was told."""
    states = [reply for reply in phone.replies if isinstance(reply, CallState)]
    return [tuple(viewer.name for viewer in state.others) for state in states]


async def test_a_phone_sees_hears_and_is_heard(house: House) -> None:
    async with LoopPhone(ToneTrack(1000)) as phone:
        before = len(house.camera.encoded)
        await house.connect(phone, caller=a_phone(), answers="visit-0001")
        await phone.until(lambda: len(phone.numbers) > 5 and len(phone.samples) > 20)
        first = phone.numbers[0]
        assert first is not None
        assert first >= before
        assert house.camera.encoded[first].keyframe
        assert phone.numbers[:6] == list(range(first, first + 6))
        # The phone decodes stereo: every sample twice halves the frequency.
        assert abs(loudest_hertz(b"".join(phone.samples[5:20])) * 2 - 440) < 10
        await eventually(lambda: len(house.speaker.played) > 20)
        spoken = b"".join(frame.samples for frame in house.speaker.played[10:20])
        assert abs(loudest_hertz(spoken) - 1000) < 10
        assert house.desk.notes == [("started", "call-0001", "Anna", "visit-0001")]
    await eventually(lambda: house.ended == ["call-0001"])
    assert house.desk.notes[-1] == ("ended", "call-0001")


async def test_it_is_told_whether_somebody_hears_the_door(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: len(phone.samples) > 2)
        assert house.desk.hearing == {"call-0001": True}


async def test_a_lost_picture_makes_the_camera_send_a_keyframe(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: len(phone.numbers) > 2)
        asked = house.camera.keyframe_requests
        await asyncio.sleep(0.5)
        await phone.receiver._send_rtcp_pli(sources(phone)[0])
        await eventually(lambda: house.camera.keyframe_requests == asked + 1)


def sources(phone: LoopPhone) -> list[int]:
    """The video sources that the phone receives, by the doorbell's SDP."""
    video = phone.pc.remoteDescription.sdp.split("m=")[1]
    return [int(line.split(":")[1].split()[0]) for line in video.splitlines() if "a=ssrc:" in line]


async def test_requests_are_carried_out_by_the_desk(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: others(phone))
        assert await phone.ask(Light(id=1, on=True)) == Done(id=1)
        reply = await phone.ask(Unlock(id=2))
        assert reply == Challenge(id=2, challenge=CHALLENGE, valid_s=10, pulse_s=3)
        assert house.desk.requests == [Light(id=1, on=True), Unlock(id=2)]


async def test_malformed_messages_are_refused_and_the_call_goes_on(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: others(phone))
        for text in ("", "{", "[]", "null", "7", '{"type":"open"}', '{"type":"light","id":1}',
                     "[" * 5000, '{"type":"ping","id":0}', '{"type":"ping","id":1e99}',
                     "x" * 20_000):  # fmt: skip
            phone.say(text)
        denied = [r for r in phone.replies if isinstance(r, Denied)]
        await phone.until(lambda: sum(isinstance(r, Denied) for r in phone.replies) == 11)
        denied = [reply for reply in phone.replies if isinstance(reply, Denied)]
        assert {reply.reason for reply in denied} == {"malformed"}
        assert [reply.id for reply in denied] == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
        phone.control.send(b"\xff\xfe")
        phone.latest.send("anything")
        assert await phone.ask(Light(id=9, on=True)) == Done(id=9)
        assert house.ended == []


async def test_a_desk_that_fails_or_is_slow_is_a_refusal(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: others(phone))
        house.desk.failure = OSError("no such pin")
        reply = await phone.ask(Light(id=1, on=True))
        assert isinstance(reply, Denied)
        assert (reply.reason, "pin" in reply.detail) == ("fault", False)
        house.desk.failure, house.desk.block = None, asyncio.Event()
        for number in range(2, 2 + 40):
            phone.say(Light(id=number, on=True).model_dump_json())
        await phone.until(lambda: any(getattr(r, "reason", "") == "rate" for r in phone.replies))
        house.desk.block.set()
        await phone.until(lambda: phone.reply_to(2) == Done(id=2))


async def test_mute_silences_the_door_for_this_phone_only(house: House) -> None:
    async with LoopPhone() as phone, LoopPhone() as other:
        await house.connect(phone, "call-0001", a_phone())
        await house.connect(other, "call-0002", a_phone("b", "Ben"))
        await phone.until(lambda: phone.samples)
        await other.until(lambda: other.samples)
        assert await phone.ask(Mute(id=1, on=True)) == Done(id=1)
        heard, heard_by_other = len(phone.samples), len(other.samples)
        await other.until(lambda: len(other.samples) > heard_by_other + 20)
        assert len(phone.samples) - heard < 15
        assert await phone.ask(Mute(id=2, on=False)) == Done(id=2)
        heard = len(phone.samples)
        await phone.until(lambda: len(phone.samples) > heard + 15)


async def test_hanging_up_from_either_side(house: House) -> None:
    async with LoopPhone() as phone, LoopPhone() as other:
        await house.connect(phone, "call-0001", a_phone())
        await house.connect(other, "call-0002", a_phone("b", "Ben"))
        await phone.until(lambda: phone.numbers and others(phone))
        phone.say(HangUp(id=1).model_dump_json())
        await eventually(lambda: house.ended == ["call-0001"])
        await house.calls.hang_up("call-0002")
        await house.calls.hang_up("call-0002")
        await eventually(lambda: house.ended == ["call-0001", "call-0002"])
        await eventually(lambda: phone.pc.connectionState == "closed")


async def test_two_phones_see_and_hear_and_know_of_each_other(house: House) -> None:
    async with LoopPhone() as anna:
        await house.connect(anna, "call-0001", a_phone())
        await anna.until(lambda: len(anna.numbers) > 5)
        async with LoopPhone(ToneTrack(800)) as ben:
            await house.connect(ben, "call-0002", a_phone("b", "Ben"))
            await ben.until(lambda: len(ben.numbers) > 5 and len(ben.samples) > 5)
            await anna.until(lambda: others(anna) and others(anna)[-1] == ("Ben",))
            await ben.until(lambda: others(ben) and others(ben)[-1] == ("Anna",))
            await anna.until(
                lambda: any(
                    isinstance(r, CallState) and any(o.talking for o in r.others)
                    for r in anna.replies
                )
            )
            seen = len(anna.numbers)
        await eventually(lambda: house.ended == ["call-0002"])
        await anna.until(lambda: len(anna.numbers) > seen + 10)
        assert others(anna)[-1] == ()


async def test_the_state_of_the_door_is_told_at_once_and_at_every_change(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: CallState(door=LOCKED) in phone.replies)
        faulty = LOCKED.model_copy(update={"faults": (Fault(part="lock", detail="Gone."),)})
        house.calls.broadcast(faulty)
        house.calls.broadcast(faulty)
        await phone.until(lambda: CallState(door=faulty) in phone.replies)
        await phone.ask(Light(id=1, on=True))
        assert sum(isinstance(reply, CallState) for reply in phone.replies) == 2


async def test_a_viewer_is_not_listened_to(house: House) -> None:
    async with LoopPhone(ToneTrack(1000)) as phone:
        await house.connect(phone, caller=None)
        await phone.until(lambda: len(phone.numbers) > 10 and len(phone.samples) > 10)
        assert phone.replies == []
        assert house.speaker.played == []
        assert house.desk.notes == [("started", "call-0001", "", "")]
        await eventually(lambda: phone.control.readyState == "closed")


async def test_a_phone_without_the_right_to_talk_is_not_heard(house: House) -> None:
    async with LoopPhone(ToneTrack(1000)) as phone:
        await house.connect(phone, caller=a_phone(rights=("view",)))
        await phone.until(lambda: len(phone.samples) > 20 and others(phone))
        assert house.speaker.played == []


async def test_a_phone_that_falls_silent_is_dropped() -> None:
    silent, lively = LoopPhone(heartbeat=False), LoopPhone()
    async with a_house(CallLimits(silence_s=0.5)) as house, silent, lively:
        await house.connect(silent, "call-0001", a_phone())
        await house.connect(lively, "call-0002", a_phone("b", "Ben"))
        await lively.until(lambda: lively.numbers)
        await eventually(lambda: house.ended == ["call-0001"])
        seen = len(lively.numbers)
        await lively.until(lambda: len(lively.numbers) > seen + 20)
        assert house.ended == ["call-0001"]


async def test_a_phone_that_never_connects_is_forgotten() -> None:
    async with a_house(CallLimits(connect_s=0.3)) as house, LoopPhone() as phone:
        assert isinstance(await house.call(phone, caller=a_phone()), CallAnswer)
        assert len(house.calls) == 1
        await eventually(lambda: len(house.calls) == 0)
        assert house.ended == ["call-0001"]
        assert house.desk.notes == []


async def test_an_answer_takes_no_longer_than_a_glance(house: House) -> None:
    async with LoopPhone() as phone:
        phone.spoil = lambda sdp: sdp.replace(
            "a=setup:actpass",
            "a=candidate:9 1 udp 1 0a0a0a0a-0000.local 9 typ host\r\na=setup:actpass",
        )
        offer = await house.entrance.offer(phone, "call-0001", a_phone())
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await house.offered(offer)
        assert loop.time() - started < 0.5
        assert isinstance(answer, CallAnswer)


async def test_candidates_may_trickle(house: House) -> None:
    async with LoopPhone() as phone:
        candidates: list[str] = []

        def without_candidates(sdp: str) -> str:
            lines = sdp.splitlines(keepends=True)
            candidates.extend(line.strip() for line in lines if line.startswith("a=candidate"))
            return "".join(line for line in lines if "candidate" not in line)

        phone.spoil = without_candidates
        answer = await house.call(phone, caller=a_phone())
        assert isinstance(answer, CallAnswer)
        stripped = [ln for ln in answer.sdp.splitlines(keepends=True) if "candidate" not in ln]
        await phone.take_answer("".join(stripped))
        for text in ("nonsense", *candidates, ""):
            await house.calls.candidate(CallCandidate(call="call-0001", candidate=text, mid="0"))
        await house.calls.candidate(CallCandidate(call="call-0404", candidate="", mid="0"))
        await phone.until(lambda: phone.numbers)


@pytest.mark.parametrize(("change", "status"), [
    (lambda sdp: "nonsense", 400),
    (lambda sdp: sdp.replace("a=ice-pwd", "a=ice-wrong"), 400),
    (lambda sdp: sdp.replace("a=group:BUNDLE 0 1 2", ""), 400),
    (lambda sdp: sdp.replace("H264", "AV1"), 406),
    (lambda sdp: sdp.replace("opus", "speex"), 406),
])  # fmt: skip
async def test_a_bad_offer_is_refused_and_changes_nothing(
    house: House, change: Callable[[str], str], status: int
) -> None:
    async with LoopPhone() as phone:
        offer = (await house.entrance.offer(phone, "call-0001", a_phone())).sdp
        refusal = await house.offered(house.entrance.signed(phone, "call-0001", change(offer)))
        assert isinstance(refusal, CallRefused)
        assert refusal.status == status
        assert refusal.detail.endswith((".", ")."))
        assert (len(house.calls), house.ended) == (0, [])
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())


async def test_more_phones_than_allowed_are_refused() -> None:
    async with a_house(CallLimits(calls=1)) as house, LoopPhone() as phone, LoopPhone() as other:
        await house.connect(phone, caller=a_phone())
        for call, status in (("call-0001", 409), ("call-0002", 503)):
            refusal = await house.call(other, call, a_phone("b"))
            assert isinstance(refusal, CallRefused)
            assert refusal.status == status


async def test_a_phone_without_the_right_to_view_is_refused(house: House) -> None:
    async with LoopPhone() as phone:
        refusal = await house.call(phone, caller=a_phone(rights=("talk",)))
        assert isinstance(refusal, CallRefused)
        assert refusal.status == 403


async def test_nobody_is_answered_before_or_after_the_life(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with LoopPhone() as phone:
        refusal = await house.call(phone, caller=a_phone())
    assert isinstance(refusal, CallRefused)
    assert refusal.status == 503


async def test_the_end_of_the_service_ends_every_call() -> None:
    async with LoopPhone() as phone:
        async with a_house() as house:
            await house.connect(phone, caller=a_phone())
            await phone.until(lambda: phone.numbers)
        assert house.ended == ["call-0001"]
        await eventually(lambda: phone.pc.connectionState == "closed")


async def test_a_fault_in_one_call_ends_only_that_one(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, "call-0001", a_phone())
        await phone.until(lambda: phone.numbers)

        house.desk.start_failure = KeyError("call-0002")
        async with LoopPhone() as other:
            with caplog.at_level(logging.CRITICAL, "device.services.calls"):
                await house.connect(other, "call-0002", a_phone("b", "Ben"))
                await eventually(lambda: house.ended == ["call-0002"])
        seen = len(phone.numbers)
        await phone.until(lambda: len(phone.numbers) > seen + 5)
