"""How the members of a household lie in the tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.store import tables
from protocol.door import Phone
from protocol.identity import PublicKey
from protocol.link import KnownPhone, Members, RecordToken


def phone_of(row: Row[Any]) -> KnownPhone:
    """The phone of a row."""
    phone = Phone(
        id=row.id, name=row.name, rights=row.rights, until_ms=row.until_ms, windows=row.windows
    )
    return KnownPhone(phone=phone, public_key=PublicKey(row.public_key).text)


def token_of(row: Row[Any]) -> RecordToken:
    """The recording token of a row."""
    return RecordToken(id=row.id, hash=row.hash, until_ms=row.until_ms)


async def replace_all(writing: AsyncConnection, doorbell: str, members: Members) -> None:
    """Put `members` in the place of the doorbell's earlier ones."""
    phones, tokens = tables.phones, tables.record_tokens
    await _note_farewells(writing, doorbell, members)
    await writing.execute(delete(phones).where(phones.c.doorbell == doorbell))
    for known in members.phones:
        await add_phone(writing, doorbell, known)
    await writing.execute(delete(tokens).where(tokens.c.doorbell == doorbell))
    for token in members.tokens:
        row = {"doorbell": doorbell, **token.model_dump(mode="json")}
        await writing.execute(insert(tokens).values(row))


async def add_phone(writing: AsyncConnection, doorbell: str, known: KnownPhone) -> None:
    """Write a phone down, in the place of its earlier self; whoever is back needs no farewell."""
    phones, phone = tables.phones.c, known.phone
    await writing.execute(
        delete(tables.phones).where(phones.doorbell == doorbell, phones.id == phone.id)
    )
    await end_farewell(writing, doorbell, phone.id)
    row = {
        "doorbell": doorbell,
        "public_key": PublicKey.parse(known.public_key).spki,
        **phone.model_dump(mode="json"),
    }
    await writing.execute(insert(tables.phones).values(row))


async def end_farewell(writing: AsyncConnection, doorbell: str, phone: str) -> None:
    """The phone is not to be told any more."""
    waiting = tables.farewells.c
    await writing.execute(
        delete(tables.farewells).where(waiting.doorbell == doorbell, waiting.phone == phone)
    )


async def _note_farewells(writing: AsyncConnection, doorbell: str, members: Members) -> None:
    # Only the doorbell's own phones: it must not be able to alarm another household's.
    own = select(tables.phones.c.doorbell, tables.phones.c.id).where(
        tables.phones.c.doorbell == doorbell, tables.phones.c.id.in_(members.forgotten)
    )
    waiting = insert(tables.farewells).prefix_with("OR IGNORE")
    await writing.execute(waiting.from_select(["doorbell", "phone"], own))
