"""How a call's start went: marked once, told once, joined with what the phone says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from device.services.call_trace import STEP_LIMIT_MS, CallTrace, FirstKeyframe
from media.frames import EncodedFrame
from protocol.control import Phases, Trace
from protocol.door import Phase
from tests.support.calling_house import a_house
from tests.support.door import a_phone, eventually
from tests.support.hand_turned_time import VirtualClock
from tests.support.phone import LoopPhone

FRAME_NAMES = ("gather", "ice", "dtls", "keyframe")


class Told:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.traces: list[Trace] = []
        self.trace = CallTrace("call-0001", self.clock.now, self.traces.append)

    def after(self, seconds: float) -> CallTrace:
        self.clock.now_s += seconds
        return self.trace


def test_each_step_begins_where_the_one_before_ended() -> None:
    told = Told()
    told.after(0.003).mark("gather")
    told.after(0.020).mark("ice")
    told.after(0.500).mark("ice")
    told.after(0.1).keyframe()
    reply = told.trace.join(Phases(id=7, phases=(Phase(name="total", ms=90),)))
    assert reply == told.traces[0]
    assert (reply.id, reply.call, reply.phone) == (7, "call-0001", (Phase(name="total", ms=90),))
    assert [(phase.name, phase.ms) for phase in reply.doorbell] == [
        ("gather", 3), ("ice", 20), ("keyframe", 600),
    ]  # fmt: skip


def test_a_trace_is_told_once_and_every_question_is_answered() -> None:
    told = Told()
    told.trace.mark("gather")
    first = told.trace.join(Phases(id=1, phases=()))
    told.trace.mark("ice")
    second = told.trace.join(Phases(id=2, phases=()))
    told.trace.close()
    assert told.traces == [first]
    assert [phase.name for phase in second.doorbell] == ["gather", "ice"]


def test_without_a_phone_the_end_tells_and_nothing_is_no_trace() -> None:
    told, empty = Told(), Told()
    told.trace.mark("gather")
    told.trace.close()
    told.trace.close()
    empty.trace.close()
    assert [len(trace.doorbell) for trace in told.traces] == [1]
    assert told.traces[0].phone == ()
    assert empty.traces == []


def test_a_step_that_took_for_ever_is_capped() -> None:
    told = Told()
    told.after(1e9).mark("gather")
    told.trace.close()
    assert told.traces[0].doorbell == (Phase(name="gather", ms=STEP_LIMIT_MS),)


def test_one_line_tells_it_all(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    told.after(0.003).mark("gather")
    with caplog.at_level(logging.INFO):
        told.trace.join(Phases(id=1, phases=(Phase(name="signal", ms=21),)))
    assert caplog.messages == ["call call-0001: doorbell gather 3 ms; phone signal 21 ms"]


async def test_the_first_keyframe_is_noted_and_every_frame_handed_on() -> None:
    frames = [EncodedFrame("video", b"x", number, number in (1, 3)) for number in range(5)]
    noted: list[str] = []

    async def source() -> AsyncIterator[EncodedFrame]:
        for frame in frames:
            yield frame

    taken = [frame async for frame in FirstKeyframe(source(), lambda: noted.append("shown"))]
    assert taken == frames
    assert noted == ["shown"]


async def test_a_call_is_traced_from_its_offer_to_its_first_picture() -> None:
    async with a_house() as house, LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: phone.numbers and phone.control.readyState == "open")
        mine = tuple(Phase(name=name, ms=5) for name in ("signal", "total"))
        reply = await phone.ask(Phases(id=3, phases=mine))
        assert isinstance(reply, Trace)
        assert reply.phone == mine
        assert tuple(phase.name for phase in reply.doorbell) == FRAME_NAMES
        assert house.traces == [reply]
    await eventually(lambda: house.ended)
    assert len(house.traces) == 1


async def test_a_viewer_that_tells_nothing_is_traced_by_the_end() -> None:
    async with a_house() as house:
        async with LoopPhone() as viewer:
            await house.connect(viewer, caller=None)
            await viewer.until(lambda: viewer.numbers)
        await eventually(lambda: house.ended)
        [trace] = house.traces
        assert (trace.phone, tuple(phase.name for phase in trace.doorbell)) == ((), FRAME_NAMES)


async def test_a_call_that_never_connects_tells_how_far_it_came() -> None:
    async with a_house() as house, LoopPhone() as phone:
        await phone.offer()
        await house.connect(phone, caller=a_phone())
        await house.calls.hang_up("call-0001")
        await eventually(lambda: house.ended)
    assert [phase.name for phase in house.traces[0].doorbell][:1] == ["gather"]


async def test_one_keyframe_serves_a_start() -> None:
    async with a_house() as house, LoopPhone() as phone:
        await asyncio.sleep(0.6)
        asked = house.camera.keyframe_requests
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: len(phone.numbers) > 10)
        # Asked for with the answer; when the transport is connected it is there.
        assert house.camera.keyframe_requests == asked + 1
