"""Members on the disk: whole after a restart, and taken over from an older database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cloud.push.targets import Recipient
from cloud.store.database import Database, migrate
from cloud.store.push_targets import PushRegister
from cloud.store.roster import Farewell, KnownDoorbell, Roster
from protocol.api import FcmTarget, PushSubscription
from protocol.door import Window
from protocol.identity import Identity
from protocol.jws import hash_of
from protocol.link import KnownPhone, Members, RecordToken
from tests.support.scripted_doorbell import known_phone

BELL = Identity.generate()
OTHER_BELL = Identity.generate()
WINDOW = Window(days=(0, 6), start=8 * 60, end=2 * 60)
TOKEN = RecordToken(id="abcdefgh", hash=hash_of("dsr_x"), until_ms=5)


def timed(identity: Identity) -> KnownPhone:
    known = known_phone(identity, "Ümit")
    limits = {"until_ms": 1_900_000_000_000, "windows": (WINDOW,)}
    return known.model_copy(update={"phone": known.phone.model_copy(update=limits)})


def served(identity: Identity) -> KnownDoorbell:
    return KnownDoorbell(identity.id, identity.public, "Front door", 1)


async def take(roster: Roster, doorbell: str, members: Members) -> frozenset[str]:
    turnover = roster.exchange(doorbell, members)
    await roster.keep(doorbell, members)
    return turnover.left


async def household(database: Database, *phones: KnownPhone) -> Roster:
    """A roster with one doorbell and these phones."""
    roster = Roster(database)
    await roster.adopt(served(BELL))
    await take(roster, BELL.id, Members(phones=phones, tokens=(TOKEN,)))
    return roster


async def test_members_are_whole_after_a_restart(tmp_path: Path) -> None:
    path, anna = tmp_path / "x.sqlite3", timed(Identity.generate())
    async with Database(path) as database:
        await household(database, anna)
    async with Database(path) as database:
        roster = Roster(database)
        await roster.load()
        assert roster.phone(anna.phone.id, BELL.id) == anna.phone
        key = roster.phone_key(anna.phone.id)
        assert key is not None
        assert key.text == anna.public_key
        assert tuple(roster.record_tokens(BELL.id)) == (TOKEN,)
        assert roster.record_tokens(OTHER_BELL.id) == ()


async def test_whoever_is_missing_is_gone_after_a_restart_too(tmp_path: Path) -> None:
    anna, ben = known_phone(Identity.generate()), known_phone(Identity.generate(), "Ben")
    async with Database(tmp_path / "x.sqlite3") as database:
        roster = await household(database, anna, ben)
        assert await take(roster, BELL.id, Members(phones=(ben,))) == {anna.phone.id}
        again = Roster(database)
        await again.load()
        for each in (roster, again):
            assert each.phone_key(anna.phone.id) is None
            assert each.phone(ben.phone.id, BELL.id) == ben.phone
            assert each.record_tokens(BELL.id) == ()


async def test_of_the_forgotten_only_the_doorbells_own_are_told(tmp_path: Path) -> None:
    anna, ben = known_phone(Identity.generate()), known_phone(Identity.generate(), "Ben")
    async with Database(tmp_path / "x.sqlite3") as database:
        roster = await household(database, anna)
        await roster.adopt(served(OTHER_BELL))
        await take(roster, OTHER_BELL.id, Members(phones=(ben,)))
        forgotten = (anna.phone.id, ben.phone.id, Identity.generate().id)
        await take(roster, BELL.id, Members(phones=(), forgotten=forgotten))
        waiting = [Farewell(BELL.id, anna.phone.id)]
        assert await roster.farewells() == waiting
        # Said again until a welcome confirms it: told once all the same.
        await take(roster, BELL.id, Members(phones=(), forgotten=forgotten))
        assert await roster.farewells() == waiting
        await roster.end_farewells(waiting)
        await take(roster, BELL.id, Members(phones=(), forgotten=forgotten))
        assert await roster.farewells() == []


async def test_a_phone_that_is_paired_again_is_not_told(tmp_path: Path) -> None:
    anna = known_phone(Identity.generate())
    gone = Members(phones=(), forgotten=(anna.phone.id,))
    async with Database(tmp_path / "x.sqlite3") as database:
        roster = await household(database, anna)
        await take(roster, BELL.id, gone)
        await roster.add_phone(BELL.id, anna)
        assert await roster.farewells() == []
        await take(roster, BELL.id, gone)
        await take(roster, BELL.id, Members(phones=(anna,), forgotten=(anna.phone.id,)))
        assert await roster.farewells() == []


async def test_strangers_lose_their_push_targets(tmp_path: Path) -> None:
    anna, ben, cara = (known_phone(Identity.generate(), name) for name in ("Anna", "Ben", "Cara"))
    async with Database(tmp_path / "x.sqlite3") as database:
        roster = await household(database, anna, ben, cara)
        register = PushRegister(database, roster)
        for each in (anna, ben, cara):
            target = FcmTarget(value=f"installation of {each.phone.id}")
            await register.add(each.phone.id, PushSubscription(target=target))
        # Anna stays, Ben was taken out by a reset and must be told, Cara by an admin.
        await take(roster, BELL.id, Members(phones=(anna,), forgotten=(ben.phone.id,)))
        await register.forget_strangers()
        assert await count(register, anna, ben, cara) == [1, 1, 0]
        assert [r.phone for r in await register.for_doorbell(BELL.id)] == [anna.phone.id]
        await roster.end_farewells(await roster.farewells())
        await register.forget_strangers()
        assert await count(register, anna, ben, cara) == [1, 0, 0]


async def count(register: PushRegister, *phones: KnownPhone) -> list[int]:
    found: list[list[Recipient]] = [list(await register.for_phone(p.phone.id)) for p in phones]
    return [len(each) for each in found]


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    """As the first version of the server left it: one doorbell, one phone, one subscription."""
    path = tmp_path / "old.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate(connection, "0001")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO doorbells VALUES (:id, :key, 'Front door', 7)"),
            {"id": BELL.id, "key": BELL.public.spki},
        )
        anna = known_phone(BELL).phone
        connection.execute(
            text("INSERT INTO phones VALUES (:id, :bell, 'Anna', :key, :rights)"),
            {"id": anna.id, "bell": BELL.id, "key": BELL.public.spki,
             "rights": json.dumps(anna.rights)},
        )  # fmt: skip
        target = FcmTarget(value="one").model_dump_json()
        connection.execute(
            text("INSERT INTO push_targets VALUES ('fcm:fid:one', :phone, :target, 'de')"),
            {"phone": anna.id, "target": target},
        )
    engine.dispose()
    return path


async def test_an_older_database_is_taken_over(old_database: Path) -> None:
    anna = known_phone(BELL).phone
    async with Database(old_database) as database:
        roster = Roster(database)
        await roster.load()
        assert roster.phone(anna.id, BELL.id) == anna
        assert roster.record_tokens(BELL.id) == ()
        assert await roster.farewells() == []
        register = PushRegister(database, roster)
        await register.forget_strangers()
        assert [r.phone for r in await register.for_doorbell(BELL.id)] == [anna.id]
        known = timed(Identity.generate())
        await take(roster, BELL.id, Members(phones=(known,), tokens=(TOKEN,)))
    async with Database(old_database) as database:
        again = Roster(database)
        await again.load()
        assert again.phones_of(BELL.id) == [known.phone]
