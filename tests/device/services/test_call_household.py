"""The channel `household` of one call: in order, bounded, and never the end of the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from device.services.call_household import (
    BURST,
    MANAGE_LIMIT_S,
    PER_S,
    UNSENT_LIMIT_BYTES,
    WAITING_LIMIT,
    CallHousehold,
)
from device.services.desk import Line
from protocol.base import CONTROL_MESSAGE_LIMIT_BYTES
from protocol.control import Done
from protocol.door import Phone
from protocol.household import (
    HOUSEHOLD_REPLY,
    AuditPage,
    HouseholdRefused,
    HouseholdReply,
    HouseholdRequest,
    Show,
)
from tests.support.paper_channel import PaperChannel
from tests.support.virtual_time import run_virtual

LINE = Line("call-1234", Phone(id="a" * 26, name="Anna", rights=("view", "admin")), "c" * 43)


class Desk:
    """Does what it is asked after `slow_s`, one at a time, or fails."""

    def __init__(self, slow_s: float = 0.0) -> None:
        self.slow_s = slow_s
        self.asked: list[int] = []
        self.at_once = self.most_at_once = 0
        self.error: Exception | None = None
        self.pushes: list[Callable[[HouseholdReply], None]] = []

    async def manage(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        assert line is LINE
        self.asked.append(request.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.slow_s)
            if self.error is not None:
                raise self.error
            return Done(id=request.id)
        finally:
            self.at_once -= 1

    def watch(self, line: Line, push: Callable[[HouseholdReply], None]) -> Callable[[], None]:
        assert line is LINE
        self.pushes.append(push)
        return lambda: self.pushes.remove(push)


class Call:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.channel = PaperChannel()
        self.household = CallHousehold(LINE, desk)
        self.household.attach(self.channel.real)

    def show(self, *numbers: int) -> None:
        for number in numbers:
            self.channel.hear(Show(id=number).model_dump_json())

    @property
    def replies(self) -> list[HouseholdReply]:
        return [HOUSEHOLD_REPLY.validate_json(text) for text in self.channel.sent]

    @property
    def refusals(self) -> list[tuple[int, str]]:
        return [(r.id, r.reason) for r in self.replies if isinstance(r, HouseholdRefused)]


def live(desk: Desk, talk: Callable[[Call], Coroutine[None, None, None]]) -> Call:
    """A call that runs while `talk` talks."""

    async def main() -> Call:
        call = Call(desk)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(call.household.run())
            await talk(call)
            task.cancel()
        return call

    return run_virtual(main)


def test_requests_are_served_one_after_the_other() -> None:
    async def talk(call: Call) -> None:
        call.show(1, 2, 3)
        await asyncio.sleep(4)

    call = live(Desk(slow_s=1), talk)
    assert call.replies == [Done(id=1), Done(id=2), Done(id=3)]
    assert call.desk.most_at_once == 1


def test_what_waits_is_bounded() -> None:
    async def talk(call: Call) -> None:
        call.show(1)
        await asyncio.sleep(0.1)
        call.show(*range(2, WAITING_LIMIT + 4))
        await asyncio.sleep(60)

    call = live(Desk(slow_s=1), talk)
    refused = [WAITING_LIMIT + 2, WAITING_LIMIT + 3]
    assert call.refusals == [(number, "rate") for number in refused]
    assert call.desk.asked == list(range(1, WAITING_LIMIT + 2))


def test_one_phone_cannot_keep_the_doorbell_busy() -> None:
    async def talk(call: Call) -> None:
        for number in range(1, 1001):
            call.show(number)
            await asyncio.sleep(0.01)

    call = live(Desk(), talk)
    served = len(call.desk.asked)
    assert served <= BURST + 10 * PER_S + 1
    assert len(call.refusals) == 1000 - served
    assert {reason for _, reason in call.refusals} == {"rate"}


def test_nonsense_counts_against_the_rate_too() -> None:
    async def talk(call: Call) -> None:
        for _ in range(100):
            call.channel.hear("nonsense")
        call.show(7)
        await asyncio.sleep(1)

    call = live(Desk(), talk)
    assert [reason for _, reason in call.refusals].count("malformed") == BURST
    assert call.refusals[-1] == (7, "rate")
    assert call.desk.asked == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("{", 0),
        (b"\xff\xfe", 0),
        ("[" * 10_000, 0),
        ('{"type": "show", "id": 5, "as": "admin"}', 5),
        ('{"type": "become_admin", "id": 6}', 6),
        ('{"type": "show"}', 0),
        ('{"type": "show", "id": -1}', 0),
        ('{"type": "invite", "id": 8, "access": {"rights": ["root"]}}', 8),
        ('{"type": "show", "id": 9, "pad": "' + "x" * CONTROL_MESSAGE_LIMIT_BYTES + '"}', 0),
    ],
)  # fmt: skip
def test_what_is_no_request_is_said_in_a_sentence(text: str | bytes, number: int) -> None:
    async def talk(call: Call) -> None:
        call.channel.hear(text)
        call.show(99)
        await asyncio.sleep(1)

    call = live(Desk(), talk)
    assert call.refusals == [(number, "malformed")]
    assert call.replies[-1] == Done(id=99)


def test_a_fault_ends_neither_the_channel_nor_the_call(caplog: pytest.LogCaptureFixture) -> None:
    async def talk(call: Call) -> None:
        call.desk.error = ZeroDivisionError("secret of Anna")
        call.show(1)
        await asyncio.sleep(1)
        call.desk.error = None
        call.show(2)
        await asyncio.sleep(1)

    call = live(Desk(), talk)
    assert call.refusals == [(1, "fault")]
    assert call.replies[-1] == Done(id=2)
    assert "Anna" not in call.channel.sent[0]
    assert "call call-1234: show failed" in caplog.text


def test_what_takes_too_long_is_given_up() -> None:
    async def talk(call: Call) -> None:
        call.show(1)
        await asyncio.sleep(MANAGE_LIMIT_S + 1)

    call = live(Desk(slow_s=3600), talk)
    assert call.refusals == [(1, "fault")]


def test_a_second_channel_is_closed() -> None:
    async def talk(call: Call) -> None:
        second = PaperChannel()
        call.household.attach(second.real)
        assert second.readyState == "closed"
        call.show(1)
        await asyncio.sleep(1)

    call = live(Desk(), talk)
    assert call.replies == [Done(id=1)]
    assert call.desk.pushes == []


def test_changes_are_pushed_until_the_channel_closes() -> None:
    async def talk(call: Call) -> None:
        [push] = call.desk.pushes
        push(Done(id=1))
        call.channel.close()
        assert call.desk.pushes == []
        push(Done(id=2))

    assert live(Desk(), talk).replies == [Done(id=1)]


def test_who_takes_no_replies_is_told_no_more_until_it_does() -> None:
    async def talk(call: Call) -> None:
        [push] = call.desk.pushes
        call.channel.bufferedAmount = UNSENT_LIMIT_BYTES
        push(Done(id=1))
        call.channel.bufferedAmount = 0
        push(Done(id=2))

    assert live(Desk(), talk).replies == [Done(id=2)]


def test_the_end_of_the_call_ends_the_watching() -> None:
    async def talk(call: Call) -> None:
        await asyncio.sleep(1)
        assert len(call.desk.pushes) == 1

    assert live(Desk(), talk).desk.pushes == []


def test_what_is_too_long_for_the_phone_is_said_and_ends_nothing() -> None:
    async def talk(call: Call) -> None:
        call.channel.limit_bytes = 200
        page = AuditPage(id=7, rows=("x" * 200,), hash="h", before="b")
        call.desk.pushes[0](page)
        call.show(8)
        await asyncio.sleep(1)

    call = live(Desk(), talk)
    assert call.refusals == [(7, "fault")]
    assert call.replies[-1] == Done(id=8)
