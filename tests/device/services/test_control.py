"""The channel `control`: what a phone hears first, and what becomes of what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from device.services.control import UNSENT_LIMIT_BYTES, WAITING_LIMIT, Controls
from device.services.desk import Line
from protocol.audit import AuditHead
from protocol.control import (
    CONTROL_REPLY,
    CallState,
    Challenge,
    ControlReply,
    Denied,
    Done,
    Light,
    Mute,
    Phases,
    Ping,
    Trace,
    Unlock,
)
from protocol.door import DoorState
from tests.support.door import LOCKED, NotingDesk, a_phone, eventually, running
from tests.support.paper_channel import PaperChannel

LINE = Line("call-0001", a_phone(), "c" * 43)
STATE = CallState(door=LOCKED)
HEAD = AuditHead(head="signed")


class GreetingDesk(NotingDesk):
    """Greets with the head of an audit log."""

    def greeting(self, line: Line) -> tuple[ControlReply, ...]:
        super().greeting(line)
        return (HEAD,)


class Rig:
    def __init__(self) -> None:
        self.desk = GreetingDesk()
        self.muted: list[bool] = []
        self.hung_up = False
        self.channel = PaperChannel()
        self.controls = Controls(
            LINE, self.desk, self.muted.append, self._hang_up, self._trace, silence_limit_s=0.05
        )

    @property
    def told(self) -> list[ControlReply]:
        return [CONTROL_REPLY.validate_json(text) for text in self.channel.sent]

    def attach(self) -> None:
        self.controls.attach(self.channel.real)

    def _hang_up(self) -> None:
        self.hung_up = True

    def _trace(self, phases: Phases) -> Trace:
        return Trace(id=phases.id, call=LINE.call, phone=phases.phases, doorbell=())


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    async with running(rig.controls.run):
        yield rig


async def test_the_state_comes_first_and_then_the_greeting_once(rig: Rig) -> None:
    rig.controls.push(STATE)
    assert rig.told == []
    rig.attach()
    assert rig.told == [STATE, HEAD]
    opened = STATE.model_copy(update={"door": DoorState(lock="unlocked", light="off")})
    rig.controls.push(opened)
    rig.controls.push(opened)
    assert rig.told == [STATE, HEAD, opened]
    assert rig.desk.lines == [LINE]


async def test_a_channel_that_is_there_before_the_state_waits_for_it(rig: Rig) -> None:
    rig.attach()
    assert rig.told == []
    rig.controls.push(STATE)
    assert rig.told == [STATE, HEAD]


async def test_a_second_channel_is_closed_and_told_nothing(rig: Rig) -> None:
    rig.controls.push(STATE)
    rig.attach()
    second = PaperChannel()
    rig.controls.attach(second.real)
    assert (second.readyState, second.sent) == ("closed", [])
    assert rig.desk.lines == [LINE]


async def test_requests_go_to_the_desk_one_after_the_other_under_their_line(rig: Rig) -> None:
    rig.attach()
    for request in (Unlock(id=1), Light(id=2, on=True)):
        rig.channel.hear(request.model_dump_json())
    await eventually(lambda: len(rig.told) == 2)
    assert rig.desk.requests == [Unlock(id=1), Light(id=2, on=True)]
    first, second = rig.told
    assert isinstance(first, Challenge)
    assert second == Done(id=2)


async def test_what_is_the_calls_own_does_not_wait_for_the_desk(rig: Rig) -> None:
    rig.desk.block = asyncio.Event()
    rig.attach()
    for text in (Light(id=1, on=True).model_dump_json(), Ping(id=2).model_dump_json(),
                 Mute(id=3, on=True).model_dump_json(), '{"type":"hang_up","id":4}',
                 Phases(id=5, phases=()).model_dump_json()):  # fmt: skip
        rig.channel.hear(text)
    assert [getattr(reply, "id", 0) for reply in rig.told] == [2, 3, 4, 5]
    assert (rig.muted, rig.hung_up) == ([True], True)


@pytest.mark.parametrize(
    ("text", "number"),
    [("{", 0), ('{"type":"open","id":7}', 7), (b"\xff", 0),
     ('{"type":"unlock_confirm","id":8,"command":""}', 8), ("x" * 20_000, 0)],
)  # fmt: skip
async def test_nonsense_is_refused_by_its_number(rig: Rig, text: str | bytes, number: int) -> None:
    rig.attach()
    rig.channel.hear(text)
    (denied,) = rig.told
    assert isinstance(denied, Denied)
    assert (denied.id, denied.reason) == (number, "malformed")
    assert rig.desk.requests == []
    assert rig.desk.unread == [text]


async def test_more_requests_than_a_person_makes_are_refused(rig: Rig) -> None:
    rig.desk.block = asyncio.Event()
    rig.attach()
    for number in range(1, WAITING_LIMIT + 3):
        rig.channel.hear(Light(id=number, on=True).model_dump_json())
    refused = [reply for reply in rig.told if isinstance(reply, Denied)]
    assert {reply.reason for reply in refused} == {"rate"}
    assert len(refused) == len(rig.desk.unread) == 2


async def test_a_fault_of_the_desk_is_a_refusal_and_the_next_request_works(rig: Rig) -> None:
    rig.attach()
    rig.desk.failure = RuntimeError("a fault")
    rig.channel.hear(Light(id=1, on=True).model_dump_json())
    await eventually(lambda: rig.told)
    denied = rig.told[0]
    assert isinstance(denied, Denied)
    assert (denied.id, denied.reason) == (1, "fault")
    rig.desk.failure = None
    rig.channel.hear(Light(id=2, on=True).model_dump_json())
    await eventually(lambda: Done(id=2) in rig.told)


async def test_a_phone_that_takes_nothing_is_told_nothing_more(rig: Rig) -> None:
    rig.controls.push(STATE)
    rig.channel.bufferedAmount = UNSENT_LIMIT_BYTES
    rig.attach()
    assert rig.told == []


async def test_a_phone_that_falls_silent_is_noticed(rig: Rig) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        silence = group.create_task(rig.controls.silence())
        await asyncio.sleep(0)
        assert not silence.done()
        rig.attach()
        rig.channel.hear(Ping(id=1).model_dump_json())
