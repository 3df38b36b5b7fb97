"""A board whose camera, microphone and speaker are the test's, and a desk that notes everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from device.services.desk import Line
from hardware.board import Board
from hardware.echo.null import NullCanceller
from protocol.control import Challenge, ControlReply, ControlRequest, Done, Unlock
from protocol.door import ALL_RIGHTS, DoorState, Phone, Right
from protocol.household import (
    HouseholdRefused,
    HouseholdReply,
    HouseholdRequest,
    HouseholdView,
    HouseRules,
    Show,
)
from tests.support.loop_camera import ListSpeaker, LoopCamera, ToneMicrophone

CHALLENGE = "c2VjcmV0c2VjcmV0c2VjcA"
LOCKED = DoorState(lock="locked", light="off")


class OpenCanceller(NullCanceller):
    """Works without being entered, like the other parts of `media_board`."""

    _open = True


def media_board(
    camera: LoopCamera | None = None,
    microphone: ToneMicrophone | None = None,
    speaker: ListSpeaker | None = None,
) -> Board:
    """Only the parts that carry media; the others are never touched."""
    untouched: Any = None
    return Board(
        camera or LoopCamera(), microphone or ToneMicrophone(), speaker or ListSpeaker(),
        untouched, untouched, untouched, untouched, untouched, untouched, OpenCanceller(),
    )  # fmt: skip


def a_phone(letter: str = "a", name: str = "Anna", rights: tuple[Right, ...] = ALL_RIGHTS) -> Phone:
    return Phone(id=letter * 26, name=name, rights=rights)


class NotingDesk:
    """Carries nothing out; answers `unlock` with a challenge and everything else with `done`."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, ...]] = []
        self.requests: list[ControlRequest] = []
        self.lines: list[Line] = []
        self.unread: list[str | bytes] = []
        self.block: asyncio.Event | None = None
        self.failure: Exception | None = None
        self.start_failure: Exception | None = None
        self.hearing: dict[str, bool] = {}

    def call_started(self, call: str, phone: Phone | None, answers: str | None) -> None:
        if self.start_failure is not None:
            raise self.start_failure
        self.notes.append(("started", call, phone.name if phone else "", answers or ""))

    def hearing_changed(self, call: str, hears: bool) -> None:
        self.hearing[call] = hears

    def call_ended(self, call: str) -> None:
        self.notes.append(("ended", call))

    def greeting(self, line: Line) -> tuple[ControlReply, ...]:
        self.lines.append(line)
        return ()

    def unheard(self, line: Line, message: str | bytes) -> None:
        self.unread.append(message)

    async def perform(self, line: Line, request: ControlRequest) -> ControlReply:
        self.requests.append(request)
        if self.block is not None:
            await self.block.wait()
        if self.failure is not None:
            raise self.failure
        if isinstance(request, Unlock):
            return Challenge(id=request.id, challenge=CHALLENGE, valid_s=10, pulse_s=3)
        return Done(id=request.id)


class NotingCounter:
    """Shows an empty household to whoever asks; refuses everything else."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def manage(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        self.lines.append(line)
        if isinstance(request, Show):
            return HouseholdView(id=request.id, members=(), rules=HouseRules(), clock=True)
        return HouseholdRefused(id=request.id, reason="right", detail="Nothing can be changed.")

    def watch(self, line: Line, push: Callable[[HouseholdReply], None]) -> Callable[[], None]:
        return lambda: None


@asynccontextmanager
async def running(*lives: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run services for the length of a block."""

    async def life(run: Callable[[], Awaitable[None]]) -> None:
        await run()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(life(run)) for run in lives]
        await asyncio.sleep(0)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def eventually(condition: Callable[[], object], limit_s: float = 5.0) -> None:
    """Wait until `condition` holds; TimeoutError after `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.005)
