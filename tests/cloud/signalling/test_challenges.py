"""A phone gets the doorbell's nonce through the server, which makes none itself."""

from __future__ import annotations

import asyncio

from protocol.calls import CallChallenge
from protocol.identity import Identity
from protocol.link import ChallengeGiven, ChallengeWanted
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import Reply, SigningPhone


def path(doorbell: str) -> str:
    return f"/api/v1/doorbells/{doorbell}/challenge"


async def ask(doorbell: ScriptedDoorbell, phone: SigningPhone) -> Reply:
    return await phone.ask("POST", path(doorbell.id))


def nonce(letter: str) -> CallChallenge:
    return CallChallenge(nonce=letter * 22, valid_s=30)


async def test_the_nonce_is_the_doorbells_and_nobody_keeps_it(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask(doorbell, phone))
        wanted = await doorbell.hear(ChallengeWanted)
        await doorbell.say(ChallengeGiven(ask=wanted.ask, challenge=nonce("n")))
    assert wanted.phone == phone.id
    assert CallChallenge.model_validate_json(asking.result().body) == nonce("n")
    assert asking.result().headers["Cache-Control"] == "no-store"


async def test_each_asker_gets_its_own(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    ben = SigningPhone(phone.url, phone.http)
    await doorbell.introduce(known_phone(phone.identity), known_phone(ben.identity, "Ben"))
    async with asyncio.TaskGroup() as group:
        asked = {each.id: group.create_task(ask(doorbell, each)) for each in (phone, ben)}
        wanted = [await doorbell.hear(ChallengeWanted), await doorbell.hear(ChallengeWanted)]
        letters = dict(zip([each.phone for each in wanted], "xy", strict=True))
        for each in reversed(wanted):
            given = ChallengeGiven(ask=each.ask, challenge=nonce(letters[each.phone]))
            await doorbell.say(given)
    for phone_id, task in asked.items():
        assert task.result().json["nonce"] == letters[phone_id] * 22


async def test_a_paired_phone_without_any_right_may_ask(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    bare = known_phone(phone.identity)
    without = bare.phone.model_copy(update={"rights": ()})
    await doorbell.introduce(bare.model_copy(update={"phone": without}))
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask(doorbell, phone))
        wanted = await doorbell.hear(ChallengeWanted)
        await doorbell.say(ChallengeGiven(ask=wanted.ask, challenge=nonce("n")))
    assert asking.result().status == 200


async def test_strangers_get_none(doorbell: ScriptedDoorbell, phone: SigningPhone) -> None:
    stranger = SigningPhone(phone.url, phone.http)
    assert (await ask(doorbell, stranger)).status == 401
    assert (await phone.send("POST", path(doorbell.id))).status == 401
    assert (await phone.ask("POST", path(Identity.generate().id))).status == 404


async def test_silence_is_a_504_and_a_late_nonce_is_nobodys(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    reply = await ask(doorbell, phone)
    assert (reply.status, reply.problem.title) == (504, "No answer")
    late = await doorbell.hear(ChallengeWanted)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask(doorbell, phone))
        wanted = await doorbell.hear(ChallengeWanted)
        await doorbell.say(ChallengeGiven(ask=late.ask, challenge=nonce("o")))
        await doorbell.say(ChallengeGiven(ask=wanted.ask, challenge=nonce("n")))
    assert asking.result().json["nonce"] == "n" * 22


async def test_a_doorbell_that_is_away_or_leaves(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask(doorbell, phone))
        await doorbell.hear(ChallengeWanted)
        assert doorbell.socket is not None
        await doorbell.socket.close()
    assert (asking.result().status, asking.result().headers["Retry-After"]) == (503, "5")
    away = await ask(doorbell, phone)
    assert away.status == 503
    assert "away since 20" in away.problem.detail
