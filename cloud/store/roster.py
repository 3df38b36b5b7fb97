"""Which doorbells and phones the server knows, and the rights between them.

All of it is what doorbells say, and only about themselves. It is kept in memory too: every signed
request asks for it, and a household is small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, select, update

from cloud.store import members as kept
from cloud.store import tables
from cloud.store.database import Database
from protocol.door import Phone
from protocol.identity import PublicKey
from protocol.link import KnownPhone, Members, RecordToken


@dataclass(frozen=True, slots=True)
class KnownDoorbell:
    """A doorbell that this server serves; `since_ms` is when it last came or went."""

    id: str
    key: PublicKey
    name: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Farewell:
    """A phone that is still to be told that it was taken out of a doorbell's household."""

    doorbell: str
    phone: str


@dataclass(frozen=True, slots=True)
class Turnover:
    """The ids of phones that have left a household, and of those whose rights or name changed."""

    left: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()


class Roster:
    """The doorbells, and the phones and recording tokens of each. `load()` once before use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._doorbells: dict[str, KnownDoorbell] = {}
        self._phones: dict[str, dict[str, KnownPhone]] = {}
        self._tokens: dict[str, tuple[RecordToken, ...]] = {}

    async def load(self) -> None:
        async with self._database.read() as reading:
            for row in await reading.execute(select(tables.doorbells)):
                known = KnownDoorbell(row.id, PublicKey(row.public_key), row.name, row.since_ms)
                self._doorbells[row.id] = known
            for row in await reading.execute(select(tables.phones)):
                self._remember(row.doorbell, kept.phone_of(row))
            for row in await reading.execute(select(tables.record_tokens)):
                tokens = self._tokens.get(row.doorbell, ())
                self._tokens[row.doorbell] = (*tokens, kept.token_of(row))

    @property
    def empty(self) -> bool:
        """Whether no doorbell has been adopted yet."""
        return not self._doorbells

    def doorbell(self, doorbell: str) -> KnownDoorbell | None:
        return self._doorbells.get(doorbell)

    def serves(self, doorbell: str) -> bool:
        """Whether this doorbell was adopted."""
        return doorbell in self._doorbells

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

    def record_tokens(self, doorbell: str) -> Sequence[RecordToken]:
        """With which other software may record for this doorbell, expired ones included."""
        return self._tokens.get(doorbell, ())

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

    def exchange(self, doorbell: str, members: Members) -> Turnover:
        """Know these members alone from now on.

        At once, whatever the disk does: nobody may act on a right that is gone.
        """
        before = self._phones.get(doorbell, {})
        now = {known.phone.id: known for known in members.phones}
        self._phones[doorbell] = now
        self._tokens[doorbell] = members.tokens
        return Turnover(
            left=frozenset(before.keys() - now.keys()),
            changed=frozenset(each for each in before.keys() & now if before[each] != now[each]),
        )

    async def keep(self, doorbell: str, members: Members) -> None:
        """Write the same down, and who of `members.forgotten` is to be told. Raises DatabaseError.

        Only those that were this doorbell's own are told.
        """
        async with self._database.write() as writing:
            await kept.replace_all(writing, doorbell, members)

    async def add_phone(self, doorbell: str, known: KnownPhone) -> None:
        """Register a phone that the doorbell has just paired, or paired again."""
        async with self._database.write() as writing:
            await kept.add_phone(writing, doorbell, known)
        self._remember(doorbell, known)

    async def farewells(self) -> Sequence[Farewell]:
        """Who is still to be told."""
        async with self._database.read() as reading:
            rows = await reading.execute(select(tables.farewells))
            return [Farewell(row.doorbell, row.phone) for row in rows]

    async def end_farewells(self, told: Iterable[Farewell]) -> None:
        """These were told, or cannot be."""
        async with self._database.write() as writing:
            for each in told:
                await kept.end_farewell(writing, each.doorbell, each.phone)

    def _remember(self, doorbell: str, known: KnownPhone) -> None:
        self._phones.setdefault(doorbell, {})[known.phone.id] = known
