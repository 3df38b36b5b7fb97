"""Openings that nobody in the house asked for: forged, replayed, stale, of others, by the thousand.

The attacker sits in genuine calls, which a server never does: on one side a guest's phone without
the right to unlock, on the other everything that an admin's phone ever sent.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from attack.doorbell import Doorbell
from attack.mutations import forged_statements, malleated
from attack.phones import HonestPhone, Peer
from attack.tally import Tally
from protocol import jws
from protocol.control import (
    COMMAND_TYP,
    Challenge,
    Ping,
    Unlock,
    UnlockCommand,
    UnlockConfirm,
    Unlocked,
)
from protocol.identity import Identity
from protocol.pairing import encode

# A phone that says nothing for five seconds is taken for dead.
PING_EVERY_S = 1.0
STALE_AFTER_S = 11.0
# One legitimate opening is two edges of the pin: on, and off again.
EDGES_OF_ONE_OPENING = 2
PULSE_LIMIT_S = 20.0
# After bad tries the doorbell gives a phone nothing to sign for a minute.
LOCKOUT_LIMIT_S = 100.0

SAME: Mapping[str, str] = {}


@dataclass
class Session:
    """A genuine call of a paired phone."""

    phone: HonestPhone
    peer: Peer
    channel: str
    numbers: Iterator[int]

    async def challenge(self) -> str | None:
        """A challenge of the doorbell; nothing when it gives none to this phone."""
        reply = await self.peer.ask(Unlock(id=next(self.numbers)))
        return reply.challenge if isinstance(reply, Challenge) else None

    def command(self, challenge: str, other: Mapping[str, str] = SAME) -> str:
        """This phone's signed command; `other` fields say what it should not."""
        fields = {"doorbell": self.phone.doorbell.id, "phone": self.phone.identity.id,
                  "channel": self.channel, "challenge": challenge, **other}  # fmt: skip
        return jws.seal(self.phone.identity, COMMAND_TYP, UnlockCommand(**fields))

    async def opens(self, command: str) -> bool:
        """Whether the doorbell opens for this command."""
        reply = await self.peer.ask(UnlockConfirm(id=next(self.numbers), command=command))
        return isinstance(reply, Unlocked)


@asynccontextmanager
async def session(phone: HonestPhone) -> AsyncIterator[Session]:
    """A call that is kept alive until it is left."""
    peer = Peer()
    try:
        _, channel = await phone.call(peer)
        held = Session(phone, peer, channel, itertools.count(1))
        async with asyncio.TaskGroup() as group:
            pinging = group.create_task(_ping(held))
            try:
                yield held
            finally:
                pinging.cancel()
    finally:
        await peer.close()


async def opened_once(bell: Doorbell, admin: Session) -> str:
    """A genuine opening, seen by the attacker: its command. It also shows that opening works."""
    before = bell.edges()
    command = admin.command(await _granted(admin))
    if not await admin.opens(command):
        raise RuntimeError("The doorbell did not open for a genuine command.")
    async with asyncio.timeout(PULSE_LIMIT_S):
        while bell.edges() < before + EDGES_OF_ONE_OPENING:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    return command


async def without_the_right(bell: Doorbell, guest: Session, seen: str, times: int) -> Tally:
    """A guest who signs for itself, in all the ways it can."""
    row = Tally("unlocking from a guest's own call, without the right", logged=0)
    async with _counted(row, bell):
        for number in range(times):
            challenge = await guest.challenge() or encode(secrets.token_bytes(16))
            other = _WRONG[number % len(_WRONG)]
            row.note(not await guest.opens(guest.command(challenge, other)), f"guest {other}")
            row.note(not await guest.opens(seen), "an admin's command in a guest's call")
    return row


async def forged(bell: Doorbell, admin: Session, times: int) -> Tally:
    """An admin's fresh command, changed on its way: no key, so no luck."""
    row = Tally("an unlock command forged while an admin's call goes on", logged=0)
    thief = Identity.generate()
    spki = admin.phone.identity.public.spki
    async with _counted(row, bell):
        while row.tried < times:
            genuine = admin.command(encode(secrets.token_bytes(16)))
            for forgery in forged_statements(genuine, thief, spki):
                if forgery.text and row.tried < times:
                    row.note(not await admin.opens(forgery.text), forgery.how)
    return row


async def replayed(bell: Doorbell, admin: Session, seen: str, times: int) -> Tally:
    """Commands that once opened: again, as their twins, in the same call and in another."""
    row = Tally("an unlock command replayed, in its call and in others", logged=0)
    async with _counted(row, bell):
        for number in range(times):
            command = malleated(seen) if number % 2 else seen
            row.note(not await admin.opens(command), "a command that was used")
    return row


async def stale(bell: Doorbell, admin: Session, times: int) -> Tally:
    """A genuine command, held back until its challenge is over and then sent again and again."""
    row = Tally("a genuine unlock command, held back until it is stale", logged=0)
    command = admin.command(await _granted(admin))
    await asyncio.sleep(STALE_AFTER_S)
    async with _counted(row, bell):
        for _ in range(times):
            row.note(not await admin.opens(command), "a stale command")
    return row


async def of_others(bell: Doorbell, admin: Session, times: int) -> Tally:
    """An admin's own signature under what belongs to another door, call, phone or moment."""
    row = Tally("an unlock command for another doorbell, call, phone or challenge", logged=0)
    async with _counted(row, bell):
        for number in range(times):
            challenge = await admin.challenge() or encode(secrets.token_bytes(16))
            other = _WRONG[1 + number % (len(_WRONG) - 1)]
            row.note(not await admin.opens(admin.command(challenge, other)), str(other))
    return row


async def _granted(held: Session) -> str:
    """A challenge, once the doorbell gives this phone one again after too many bad tries."""
    async with asyncio.timeout(LOCKOUT_LIMIT_S):
        while (challenge := await held.challenge()) is None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(PING_EVERY_S)
    return challenge


_OTHER = Identity.generate().id
_WRONG: tuple[dict[str, str], ...] = (
    {},
    {"doorbell": _OTHER},
    {"phone": _OTHER},
    {"channel": jws.hash_of("another call")},
    {"challenge": encode(bytes(16))},
)


async def _ping(held: Session) -> None:
    while True:
        await asyncio.sleep(PING_EVERY_S)
        held.peer.control.send(Ping(id=next(held.numbers)).model_dump_json())


@asynccontextmanager
async def _counted(row: Tally, bell: Doorbell) -> AsyncIterator[None]:
    rows, edges = await bell.logged("unlock_refused"), bell.edges()
    yield
    row.logged = await bell.logged("unlock_refused") - rows
    row.edges = bell.edges() - edges
