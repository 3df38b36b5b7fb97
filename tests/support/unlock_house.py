"""A doorbell with a twin's lock, a household, an audit log and the desk that opens for phones."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from device.core.policy import Policy
from device.services.audit import AuditLog
from device.services.audit_book import AuditBook
from device.services.clock import Clock
from device.services.desk import Line
from device.services.doorbell import Audience, Doorbell
from device.services.household import ADMIN, Household
from device.services.opening import Opener
from device.services.passkeys import Passkeys
from device.services.unlock import UnlockDesk
from hardware.gpio_pulse import GpioLock
from hardware.options import Pins
from hardware.twin.world import World
from protocol import jws
from protocol.audit import AuditRow, AuditWhat
from protocol.control import (
    COMMAND_TYP,
    Challenge,
    Denied,
    PasskeyAssertion,
    Unlock,
    UnlockCommand,
    UnlockConfirm,
    Unlocked,
)
from protocol.door import ALL_RIGHTS, Phone, Right
from protocol.household import Access, HouseRules
from protocol.identity import Identity
from protocol.pairing import encode
from tests.support.audit_rig import DOORBELL, HandStamp, a_book, rows_of, running_log
from tests.support.paper_board import PaperBoard

PAGE = "https://door.example"
CALL = "call-0001"
ANNA, BEN = Identity.generate(), Identity.generate()
# Of a pulse whose end a test waits for.
SHORT_S = 0.05


def channel(call: str) -> str:
    return jws.hash_of(call)


def a_command(
    phone: Identity, challenge: str, call: str = CALL, *, signer: Identity | None = None,
    changes: dict[str, str] | None = None,
) -> str:  # fmt: skip
    """What `phone` signs to open; `changes` are other fields of the statement."""
    fields = {"doorbell": DOORBELL.id, "phone": phone.id, "channel": channel(call),
              "challenge": challenge, **(changes or {})}  # fmt: skip
    return jws.seal(signer or phone, COMMAND_TYP, UnlockCommand.model_validate(fields))


def a_line(phone: Identity, call: str = CALL) -> Line:
    """A call of this phone; what it claims about its rights does not count."""
    return Line(call, Phone(id=phone.id, name="Claimed", rights=ALL_RIGHTS), channel(call))


@dataclass
class UnlockHouse:
    """`household.change` and `stamp` are the test's to use; `edges()` are of the lock's pin."""

    folder: Path
    board: PaperBoard
    world: World
    doorbell: Doorbell
    household: Household
    log: AuditLog
    opener: Opener
    desk: UnlockDesk
    passkeys: Passkeys
    stamp: HandStamp
    faults: list[str | None]
    _ids: int = field(default=0)

    async def challenge(self, phone: Identity = ANNA, call: str = CALL) -> Challenge | Denied:
        return self.desk.challenge(a_line(phone, call), Unlock(id=self._id()))

    async def challenged(self, phone: Identity = ANNA, call: str = CALL) -> str:
        given = await self.challenge(phone, call)
        assert isinstance(given, Challenge), given
        return given.challenge

    async def confirm(
        self, command: str, phone: Identity = ANNA, call: str = CALL,
        passkey: PasskeyAssertion | None = None,
    ) -> Unlocked | Denied:  # fmt: skip
        request = UnlockConfirm(id=self._id(), command=command, passkey=passkey)
        reply = await self.desk.confirm(a_line(phone, call), request)
        assert reply.id == request.id
        return reply

    async def unlock(self, phone: Identity = ANNA, call: str = CALL) -> Unlocked | Denied:
        return await self.confirm(
            a_command(phone, await self.challenged(phone, call), call), phone, call
        )

    async def refused(self, command: str, **more: str) -> str:
        """The reason why a command of Anna's call does not open; it must not."""
        reply = await self.confirm(command, **more)  # type: ignore[arg-type]
        assert isinstance(reply, Denied), reply
        return reply.reason

    def give(self, phone: Identity, *rights: Right) -> None:
        self.household.change(phone.id, "Phone", Access(rights=rights))

    def rule(self, **rules: bool) -> None:
        self.household.set_rules(HouseRules(**rules))

    def edges(self) -> int:
        return len(self.world.history_of("lock"))

    def later(self, seconds: float) -> None:
        self.stamp.monotonic_s += seconds

    async def rows(self, *whats: AuditWhat) -> list[AuditRow]:
        """All of these kinds that are in the log by now, the numbers of floods included."""
        self.log.sum_up()
        await self.log.write("exported")
        return [row for row in rows_of(self.folder) if row.what in whats]

    def _id(self) -> int:
        self._ids += 1
        return self._ids


@asynccontextmanager
async def unlock_house(
    folder: Path,
    policy: Policy | None = None,
    book: AuditBook | None = None,
    doorbell_runs: bool = True,
    change_board: Callable[[PaperBoard], None] = lambda board: None,
    speak: Callable[[str], None] = lambda reply: None,
) -> AsyncIterator[UnlockHouse]:
    """Anna and Ben are paired with all rights."""
    stamp, faults = HandStamp(), list[str | None]()
    async with running_log(folder, stamp, book or a_book(folder), faults) as log:
        world, board = World(), PaperBoard()
        async with GpioLock(Pins().lock, world.factory) as lock:
            board.lock = lock
            change_board(board)
            household = Household(folder / "phones.json", ledger=log)
            for phone, name in ((ANNA, "Anna"), (BEN, "Ben")):
                household.welcome(phone.public, name, ADMIN)
            doorbell = Doorbell(board, policy or Policy(), clock=Clock(lambda: 1.8e9), speak=speak)
            opener = Opener(log, doorbell)
            doorbell.join(Audience(state=opener.state))
            passkeys = Passkeys(household, DOORBELL.id, PAGE, lambda: stamp.monotonic_s)
            desk = UnlockDesk(
                DOORBELL, household, log, opener, passkeys,
                monotonic=lambda: stamp.monotonic_s, wall=lambda: stamp.wall_ms / 1000,
            )  # fmt: skip
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(doorbell.run())] if doorbell_runs else []
                await asyncio.sleep(0)
                yield UnlockHouse(folder, board, world, doorbell, household, log, opener, desk,
                                  passkeys, stamp, faults)  # fmt: skip
                for task in tasks:
                    task.cancel()
        world.close()


def a_nonce() -> str:
    return encode(secrets.token_bytes(16))
