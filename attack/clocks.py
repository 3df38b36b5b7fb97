"""Openings at the wrong moment: the clocks are turned by hand, all else is the doorbell's own.

A real lock desk, audit log, state machine and twin lock in this process; only time is ours, so
thousands of waits of a minute fit into seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from attack.log import counted
from attack.mutations import malleated
from attack.tally import Tally
from device import wiring
from device.core.access import LocalTime
from device.services.audit import AuditLog
from device.services.audit_check import inspect
from device.services.audit_rows import Stamp
from device.services.desk import Line
from device.services.doorbell import Doorbell
from device.services.household import Household
from device.services.opening import Opener
from device.services.passkeys import Passkeys
from device.services.unlock import UnlockDesk
from device.settings import CameraSettings, Settings, StateSettings
from hardware.twin.board import TwinBoard
from protocol import jws
from protocol.audit import AuditRow
from protocol.control import COMMAND_TYP, Challenge, Unlock, UnlockCommand, UnlockConfirm, Unlocked
from protocol.door import ALL_RIGHTS
from protocol.household import Access
from protocol.identity import Identity

CHALLENGE_LIFE_S = 10.0
# Longer than any lockout and any limit of a minute, so that each try is judged by itself.
APART_S = 61.0
DAY_S = 86_400.0
EDGES_OF_ONE_OPENING = 2


@dataclass
class Clocks:
    """The doorbell's two clocks. They need not agree on anything."""

    monotonic_s: float = 1_000.0
    wall_s: float = 1_795_400_000.0

    def monotonic(self) -> float:
        return self.monotonic_s

    def wall(self) -> float:
        return self.wall_s

    def local(self) -> LocalTime:
        return LocalTime(round(self.wall_s * 1000), 0, 0, trusted=True)

    def stamp(self) -> Stamp:
        return Stamp(round(self.monotonic_s * 1000), max(0, round(self.wall_s * 1000)), True)


@dataclass
class House:
    """A lock, who may open it, and one admin's phone with two calls."""

    clocks: Clocks
    board: TwinBoard
    desk: UnlockDesk
    audit: AuditLog
    identity: Identity
    admin: Identity
    lines: tuple[Line, Line]
    numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def edges(self) -> int:
        return len(self.board.world.history_of("lock"))

    def challenge(self, line: Line) -> str:
        reply = self.desk.challenge(line, Unlock(id=next(self.numbers)))
        if not isinstance(reply, Challenge):
            raise RuntimeError(f"No challenge: {reply.detail}")
        return reply.challenge

    def command(self, line: Line, challenge: str) -> str:
        return jws.seal(
            self.admin, COMMAND_TYP,
            UnlockCommand(doorbell=self.identity.id, phone=self.admin.id, channel=line.channel,
                          challenge=challenge),
        )  # fmt: skip

    async def opens(self, line: Line, command: str) -> bool:
        reply = await self.desk.confirm(line, UnlockConfirm(id=next(self.numbers), command=command))
        return isinstance(reply, Unlocked)


async def at_wrong_moments(folder: Path, times: int) -> Tally:
    """Late, after jumps of the wall clock, after a newer challenge, from the other call, twice."""
    row = Tally("an unlock command late, or after the clocks have jumped", logged=0)
    async with _house(folder) as house:
        seen = await _open_once(house)
        edges, rows = house.edges, _refusals(folder, house)
        for number in range(times):
            house.clocks.monotonic_s += APART_S
            for how, opened in await _round(house, seen, number):
                row.note(not opened, how)
        house.audit.sum_up()
        await house.audit.write("exported")
        row.edges = house.edges - edges
        row.logged = _refusals(folder, house) - rows
    return row


async def _round(house: House, seen: str, number: int) -> list[tuple[str, bool]]:
    """One way of being wrong, tried with a fresh and genuine signature."""
    first, second = house.lines
    clocks = house.clocks
    match number % 5:
        case 0:
            command = house.command(first, house.challenge(first))
            clocks.monotonic_s += CHALLENGE_LIFE_S
            return [("ten seconds late", await house.opens(first, command))]
        case 1:
            command = house.command(first, house.challenge(first))
            clocks.monotonic_s += CHALLENGE_LIFE_S
            clocks.wall_s -= DAY_S
            return [("late, and the clock was set back", await house.opens(first, command))]
        case 2:
            command = house.command(first, house.challenge(first))
            house.challenge(first)
            return [("after a newer challenge", await house.opens(first, command))]
        case 3:
            command = house.command(first, house.challenge(first))
            house.challenge(second)
            return [("in the other call", await house.opens(second, command))]
        case _:
            clocks.wall_s += DAY_S
            house.challenge(first)
            twin = malleated(seen)
            return [("used, and its day has come again", await house.opens(first, twin))]


async def _open_once(house: House) -> str:
    line = house.lines[0]
    command = house.command(line, house.challenge(line))
    if not await house.opens(line, command):
        raise RuntimeError("The doorbell did not open for a genuine command.")
    async with asyncio.timeout(CHALLENGE_LIFE_S):
        while house.edges < EDGES_OF_ONE_OPENING:  # noqa: ASYNC110 - the twin tells nobody
            await asyncio.sleep(0.05)
    return command


def _refusals(folder: Path, house: House) -> int:
    rows: list[AuditRow] = []
    inspect(folder, house.identity.public, lambda row, text: rows.append(row))
    return counted(rows, "unlock_refused")


@asynccontextmanager
async def _house(folder: Path) -> AsyncIterator[House]:
    clocks, identity, admin = Clocks(), Identity.generate(), Identity.generate()
    settings = Settings(
        state=StateSettings(directory=folder), camera=CameraSettings(source="porch")
    )
    board = wiring.board_of(settings)
    if not isinstance(board, TwinBoard):
        raise RuntimeError("The board is no twin.")
    async with board, asyncio.TaskGroup() as group:
        audit = AuditLog(wiring.audit_book(folder, identity), clocks.stamp)
        household = Household(folder / "phones.json", clocks.local, audit)
        household.welcome(admin.public, "Admin", Access(rights=ALL_RIGHTS))
        doorbell = Doorbell(board, wiring.policy_of(settings))
        opener = Opener(audit, doorbell)
        passkeys = Passkeys(household, "Door", "http://localhost", clocks.monotonic)
        desk = UnlockDesk(identity, household, audit, opener, passkeys,
                          monotonic=clocks.monotonic, wall=clocks.wall)  # fmt: skip
        lives = [group.create_task(life) for life in (audit.run(), doorbell.run())]
        phone = household.phones[0].phone
        lines = (Line("call-one", phone, jws.hash_of("one")),
                 Line("call-two", phone, jws.hash_of("two")))  # fmt: skip
        yield House(clocks, board, desk, audit, identity, admin, lines)
        for life in lives:
            life.cancel()
