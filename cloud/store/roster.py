"""Which doorbells and phones the server knows, and the rights between them.

All of it is kept in memory too: every signed request asks for it, and a household is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from cloud.shared.auth import Gate, unauthorized
from cloud.store import tables
from cloud.store.database import Database
from protocol.door import Phone
from protocol.identity import PublicKey
from protocol.link import KnownPhone


@dataclass(frozen=True, slots=True)
class KnownDoorbell:
    """A doorbell that this server serves; `since_ms` is when it last came or went."""

    id: str
    key: PublicKey
    name: str
    since_ms: int


class Roster:
    """The household's doorbells and phones. `load()` once before use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._doorbells: dict[str, KnownDoorbell] = {}
        self._phones: dict[str, dict[str, KnownPhone]] = {}

    async def load(self) -> None:
        async with self._database.read() as reading:
            for row in await reading.execute(select(tables.doorbells)):
                known = KnownDoorbell(row.id, PublicKey(row.public_key), row.name, row.since_ms)
                self._doorbells[row.id] = known
            for row in await reading.execute(select(tables.phones)):
                phone = Phone(id=row.id, name=row.name, rights=tuple(row.rights))
                key = PublicKey(row.public_key)
                self._remember(row.doorbell, KnownPhone(phone=phone, public_key=key.text))

    @property
    def empty(self) -> bool:
        """Whether no doorbell has been adopted yet."""
        return not self._doorbells

    def doorbell(self, doorbell: str) -> KnownDoorbell | None:
        return self._doorbells.get(doorbell)

    def doorbells_of(self, phone: str) -> list[KnownDoorbell]:
        """Those that the phone is paired with, by name."""
        mine = [self._doorbells[key] for key, phones in self._phones.items() if phone in phones]
        return sorted(mine, key=lambda known: known.name)

    def phones_of(self, doorbell: str) -> list[Phone]:
        return [known.phone for known in self._phones.get(doorbell, {}).values()]

    def phone(self, phone: str, doorbell: str) -> Phone | None:
        """The phone with its rights at that doorbell."""
        known = self._phones.get(doorbell, {}).get(phone)
        return known.phone if known else None

    def phone_key(self, phone: str) -> PublicKey | None:
        """The key of a phone that is paired with any doorbell."""
        for phones in self._phones.values():
            if phone in phones:
                return PublicKey.parse(phones[phone].public_key)
        return None

    async def adopt(self, doorbell: KnownDoorbell) -> None:
        """Serve this doorbell from now on."""
        row = {
            "id": doorbell.id,
            "public_key": doorbell.key.spki,
            "name": doorbell.name,
            "since_ms": doorbell.since_ms,
        }
        async with self._database.write() as writing:
            await writing.execute(insert(tables.doorbells).values(row))
        self._doorbells[doorbell.id] = doorbell

    async def saw(self, doorbell: str, name: str, since_ms: int) -> None:
        """Note that a known doorbell came or went."""
        changed = replace(self._doorbells[doorbell], name=name, since_ms=since_ms)
        async with self._database.write() as writing:
            await writing.execute(
                update(tables.doorbells)
                .where(tables.doorbells.c.id == doorbell)
                .values(name=name, since_ms=since_ms)
            )
        self._doorbells[doorbell] = changed

    async def set_phones(self, doorbell: str, phones: Sequence[KnownPhone]) -> None:
        """Replace all phones of a doorbell; those that are missing have lost their rights."""
        async with self._database.write() as writing:
            await writing.execute(delete(tables.phones).where(tables.phones.c.doorbell == doorbell))
            for known in phones:
                await _insert_phone(writing, doorbell, known)
        self._phones[doorbell] = {known.phone.id: known for known in phones}

    async def add_phone(self, doorbell: str, known: KnownPhone) -> None:
        """Register a phone that the doorbell has just paired, or paired again."""
        mine = tables.phones.c
        async with self._database.write() as writing:
            await writing.execute(
                delete(tables.phones).where(mine.doorbell == doorbell, mine.id == known.phone.id)
            )
            await _insert_phone(writing, doorbell, known)
        self._remember(doorbell, known)

    def _remember(self, doorbell: str, known: KnownPhone) -> None:
        self._phones.setdefault(doorbell, {})[known.phone.id] = known


async def _insert_phone(writing: AsyncConnection, doorbell: str, known: KnownPhone) -> None:
    row = {
        "id": known.phone.id,
        "doorbell": doorbell,
        "name": known.phone.name,
        "public_key": PublicKey.parse(known.public_key).spki,
        "rights": list(known.phone.rights),
    }
    await writing.execute(insert(tables.phones).values(row))


def served_doorbell(gate: Gate, roster: Roster, request: Request) -> str:
    """The id of the served doorbell that sends a recording or a picture; ProblemError 401."""
    caller = gate.doorbell(request, "record")
    if roster.doorbell(caller.id) is None:
        raise unauthorized("This doorbell is not served here. Connect its link first.")
    return caller.id
