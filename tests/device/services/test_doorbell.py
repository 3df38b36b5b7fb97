"""The doorbell service on a board of paper, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from device.core import actions as a
from device.core import events as e
from device.core.policy import Policy
from device.core.states import Person
from device.services.clock import Clock
from device.services.doorbell import Audience, Doorbell
from device.services.mending import MEND_EVERY_S
from hardware.ports import Signal
from protocol.door import DoorState
from protocol.link import Occurrence, VisitClosed, VisitMoment, VisitOpened
from tests.support.paper_board import PaperBoard
from tests.support.virtual_time import run_virtual

ANNA = Person("anna", "Anna")
POLICY = Policy()


@dataclass
class Listener:
    occurred: list[Occurrence] = field(default_factory=list)
    states: list[DoorState] = field(default_factory=list)
    snapshots: list[tuple[str, bytes]] = field(default_factory=list)
    recording: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def audience(self) -> Audience:
        return Audience(
            occurred=self.occurred.append,
            state=self.states.append,
            snapshot=lambda visit, jpeg: self.snapshots.append((visit, jpeg)),
            opened=lambda visit: self.recording.append(f"start {visit}"),
            closed=lambda visit: self.recording.append(f"stop {visit}"),
            held=lambda visit, at_ms: self.held.append(visit),
        )

    @property
    def lines(self) -> list[str]:
        return [_line(what) for what in self.occurred]


def _line(what: Occurrence) -> str:
    match what:
        case VisitOpened(cause=cause):
            return f"opened by {cause}"
        case VisitMoment(moment=moment):
            return f"{moment.what} {moment.who}".strip()
        case VisitClosed(outcome=outcome):
            return f"closed, {outcome}"


@dataclass
class House:
    board: PaperBoard
    doorbell: Doorbell
    heard: Listener

    async def press(self) -> None:
        self.board.paper_button.change(True)
        self.board.paper_button.change(False)
        await asyncio.sleep(0.01)


async def picture(at: float) -> bytes | None:
    return b"jpeg at %.0f" % at


@contextlib.asynccontextmanager
async def living(
    policy: Policy = POLICY, take_picture: Callable[[float], Awaitable[bytes | None]] = picture
) -> AsyncIterator[House]:
    board, heard = PaperBoard(), Listener()
    doorbell = Doorbell(board, policy, clock=Clock(lambda: 1.8e9), picture=take_picture)
    doorbell.join(heard.audience())
    async with asyncio.TaskGroup() as group:
        life = group.create_task(doorbell.run())
        await asyncio.sleep(0)
        yield House(board, doorbell, heard)
        life.cancel()


def test_a_press_that_is_held_rings_at_once_and_is_told_later() -> None:
    async def main() -> tuple[Listener, list[str], list[object]]:
        async with living(Policy(long_press_s=5.0)) as house:
            house.board.paper_button.change(True)
            await asyncio.sleep(0.01)
            rung = list(house.board.paper_chime.did)
            await asyncio.sleep(4.9)
            early = list(house.heard.held)
            await asyncio.sleep(0.2)
            house.board.paper_button.change(False)
            await house.press()
            await asyncio.sleep(10)
            return house.heard, early, rung

    heard, early, rung = run_virtual(main)
    assert rung == ["ring"]
    assert early == []
    assert heard.held == [heard.occurred[0].visit]


def test_a_ring_reaches_everyone_and_is_missed_in_the_end() -> None:
    async def main() -> Listener:
        async with living() as house:
            await house.press()
            assert house.board.paper_chime.did == ["ring"]
            assert house.board.paper_indicator.did[-1] is Signal.RINGING
            assert house.heard.states[-1].ringing
            await asyncio.sleep(POLICY.ring_timeout_s + POLICY.post_roll_s + 1)
            return house.heard

    heard = run_virtual(main)
    assert heard.lines == ["opened by press", "rang", "missed", "closed, missed"]
    visit = heard.occurred[0].visit
    assert heard.recording == [f"start {visit}", f"stop {visit}"]
    assert heard.snapshots == [(visit, b"jpeg at 1000")]
    assert not heard.states[-1].ringing


def test_motion_then_press_then_answer_is_one_visit() -> None:
    async def main() -> Listener:
        async with living() as house:
            house.board.paper_motion.change(True)
            await asyncio.sleep(2)
            await house.press()
            visit = house.heard.occurred[0].visit
            house.doorbell.put(e.CallStarted("call-1", ANNA, visit))
            house.board.paper_motion.change(False)
            await asyncio.sleep(30)
            house.doorbell.put(e.CallEnded("call-1"))
            await asyncio.sleep(POLICY.post_roll_s + 1)
            return house.heard

    heard = run_virtual(main)
    assert heard.lines == [
        "opened by motion", "motion", "rang", "answered Anna", "hung_up Anna", "closed, answered"
    ]  # fmt: skip
    assert len({what.visit for what in heard.occurred}) == 1
    times = [what.moment.at_ms for what in heard.occurred if isinstance(what, VisitMoment)]
    assert times == sorted(times)


def test_unlocking_pulses_and_locks_again() -> None:
    async def main() -> None:
        async with living() as house:
            outcome = await house.doorbell.ask(lambda ticket: e.UnlockWanted(ticket, ANNA))
            assert isinstance(outcome, a.Grant)
            second = await house.doorbell.ask(lambda ticket: e.UnlockWanted(ticket, ANNA))
            assert isinstance(second, a.Refuse)
            await asyncio.sleep(POLICY.pulse_s)
            assert [state.lock for state in house.heard.states] == ["locked", "unlocked", "locked"]
            assert house.board.paper_lock.did == [POLICY.pulse_s, "secure"]

    run_virtual(main)


def test_a_broken_lock_is_refused_offered_no_more_and_mended() -> None:
    async def main() -> None:
        async with living() as house:
            house.board.paper_lock.broken = True
            outcome = await house.doorbell.ask(lambda ticket: e.UnlockWanted(ticket, ANNA))
            assert isinstance(outcome, a.Refuse)
            assert outcome.detail == "It does not answer. Check its cable."
            await asyncio.sleep(0)
            house.board.paper_lock.broken = False
            await asyncio.sleep(MEND_EVERY_S + 1)
            states = [state.lock for state in house.heard.states]
            assert states == ["locked", "unavailable", "locked"]

    run_virtual(main)


def test_no_broken_part_stops_a_ring() -> None:
    async def main() -> list[str]:
        async with living() as house:
            for part in (house.board.paper_chime, house.board.paper_indicator,
                         house.board.paper_light, house.board.paper_lock):  # fmt: skip
                part.broken = True
            await house.press()
            assert house.doorbell.door.ringing
            assert [fault.part for fault in house.doorbell.door.faults] == ["chime", "indicator"]
            return house.heard.lines

    assert run_virtual(main) == ["opened by press", "rang"]


def test_a_wish_is_granted_or_refused_in_the_parts_words() -> None:
    async def main() -> None:
        async with living() as house:
            wish = a.SwitchLight(True)
            assert isinstance(
                await house.doorbell.ask(lambda ticket: e.Wanted(ticket, ANNA, wish)), a.Grant
            )
            assert house.board.paper_light.on
            house.board.paper_light.broken = True
            refused = await house.doorbell.ask(lambda ticket: e.Wanted(ticket, ANNA, wish))
            assert isinstance(refused, a.Refuse)
            assert refused.reason == "fault"

    run_virtual(main)


def test_a_sensor_that_fails_is_watched_again() -> None:
    async def main() -> list[str]:
        async with living() as house:
            house.board.paper_button.broken = True
            await house.press()
            assert [fault.part for fault in house.doorbell.door.faults] == ["button"]
            house.board.paper_button.broken = False
            await asyncio.sleep(MEND_EVERY_S)
            await house.press()
            assert house.doorbell.door.faults == ()
            return house.heard.lines

    assert run_virtual(main) == ["opened by press", "rang"]


def test_a_picture_that_never_comes_holds_nothing_up() -> None:
    async def never(at: float) -> bytes | None:
        await asyncio.Event().wait()
        return None

    async def main() -> Listener:
        async with living(take_picture=never) as house:
            await house.press()
            await asyncio.sleep(POLICY.ring_timeout_s + POLICY.post_roll_s + 1)
            return house.heard

    heard = run_virtual(main)
    assert heard.snapshots == []
    assert heard.lines[-1] == "closed, missed"


def test_the_end_of_the_service_closes_the_visit_and_locks() -> None:
    async def main() -> tuple[Listener, PaperBoard]:
        async with living() as house:
            await house.press()
            await house.doorbell.ask(lambda ticket: e.UnlockWanted(ticket, ANNA))
        return house.heard, house.board

    heard, board = run_virtual(main)
    assert heard.lines[-2:] == ["missed", "closed, missed"]
    assert not board.paper_lock.unlocked
