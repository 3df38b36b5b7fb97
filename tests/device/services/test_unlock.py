"""Opening the door: what has to be true, one after the other, and what is written of it."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device.core.attempts import BAD_LIMIT, LIMIT, LOCKOUT_S, WINDOW_S
from device.core.policy import Policy
from device.services.challenges import CHALLENGE_VALID_S
from device.services.unlock import AUTOMATION_REQUEST
from protocol import jws
from protocol.control import (
    COMMAND_TYP,
    RECEIPT_TYP,
    Challenge,
    Denied,
    Done,
    UnlockCommand,
    Unlocked,
    UnlockReceipt,
)
from protocol.door import ALL_RIGHTS
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity
from tests.support.audit_rig import DOORBELL, START_MS
from tests.support.door import eventually
from tests.support.unlock_house import (
    ANNA,
    BEN,
    CALL,
    SHORT_S,
    UnlockHouse,
    a_command,
    a_nonce,
    channel,
    unlock_house,
)

# Five a minute are the machine's own bound; the desk's is looked at on its own.
MANY = Policy(pulse_s=SHORT_S, unlock_limit=1000)
OTHER_CALL = "call-0002"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[UnlockHouse]:
    async with unlock_house(tmp_path, MANY) as house:
        yield house


async def opened(house: UnlockHouse, phone: Identity = ANNA) -> Unlocked:
    """Open, and wait until it is locked again."""
    reply = await house.unlock(phone)
    assert isinstance(reply, Unlocked), reply
    await eventually(lambda: house.doorbell.door.lock == "locked")
    return reply


async def test_a_proven_command_opens_and_the_doorbell_signs_for_it(house: UnlockHouse) -> None:
    command = a_command(ANNA, await house.challenged())
    reply = await house.confirm(command)
    assert isinstance(reply, Unlocked)
    assert house.world.active("lock")
    receipt = jws.unseal(reply.receipt, RECEIPT_TYP, DOORBELL.public, UnlockReceipt)
    granted = await house.rows("unlock_granted")
    assert receipt == UnlockReceipt(
        doorbell=DOORBELL.id, phone=ANNA.id, command_hash=jws.hash_of(command), at_ms=START_MS,
        pulse_s=SHORT_S, row=granted[0].number,
    )  # fmt: skip


async def test_the_rows_of_an_opening_tell_it_whole(house: UnlockHouse) -> None:
    command = a_command(ANNA, await house.challenged())
    assert isinstance(await house.confirm(command), Unlocked)
    await eventually(lambda: house.edges() == 2)
    await eventually(lambda: house.doorbell.door.lock == "locked")
    rows = await house.rows("unlock_granted", "unlock_done", "unlock_ended", "unlock_failed")
    assert [row.what for row in rows] == ["unlock_granted", "unlock_done", "unlock_ended"]
    assert {(row.who, row.name) for row in rows} == {(ANNA.id, "Anna")}
    granted, done, ended = rows
    assert granted.evidence == command
    assert done.detail == f"Row {granted.number}: the lock opened for 0.05 s."
    assert ended.detail == f"Row {granted.number}: the door is locked again."


async def test_the_evidence_can_be_checked_by_anybody_with_the_phones_key(
    house: UnlockHouse,
) -> None:
    await opened(house)
    evidence = (await house.rows("unlock_granted"))[0].evidence
    statement = jws.unseal(evidence, COMMAND_TYP, ANNA.public, UnlockCommand)
    assert (statement.doorbell, statement.channel) == (DOORBELL.id, channel(CALL))


async def test_a_challenge_names_its_terms(house: UnlockHouse) -> None:
    given = await house.challenge()
    assert isinstance(given, Challenge)
    assert (given.valid_s, given.pulse_s, given.passkey) == (CHALLENGE_VALID_S, SHORT_S, None)


# What is wrong with a command, and the reason that the phone is told.


async def test_nothing_opens_without_a_challenge(house: UnlockHouse) -> None:
    assert await house.refused(a_command(ANNA, a_nonce())) == "challenge"


async def test_a_command_opens_once(house: UnlockHouse) -> None:
    command = a_command(ANNA, await house.challenged())
    assert isinstance(await house.confirm(command), Unlocked)
    await eventually(lambda: house.doorbell.door.lock == "locked")
    assert await house.refused(command) == "challenge"
    assert house.edges() == 2


async def test_a_malleated_signature_is_the_same_command(house: UnlockHouse) -> None:
    """(r, n-s) verifies as well as (r, s); what is signed opens once all the same."""
    command = a_command(ANNA, await house.challenged())
    assert isinstance(await house.confirm(command), Unlocked)
    await eventually(lambda: house.doorbell.door.lock == "locked")
    assert await house.refused(malleated(command)) == "challenge"
    assert house.edges() == 2


@pytest.mark.parametrize("seconds", [CHALLENGE_VALID_S, 3600.0])
async def test_a_challenge_runs_out(house: UnlockHouse, seconds: float) -> None:
    command = a_command(ANNA, await house.challenged())
    house.later(seconds)
    reply = await house.confirm(command)
    assert isinstance(reply, Denied)
    assert reply.detail == "That took too long. Slide to unlock again."


@pytest.mark.parametrize("years", [-10, 10])
async def test_the_wall_clock_decides_nothing(house: UnlockHouse, years: int) -> None:
    jump_ms = years * 365 * 86_400_000
    command = a_command(ANNA, await house.challenged())
    house.stamp.wall_ms += jump_ms
    assert isinstance(await house.confirm(command), Unlocked)
    await eventually(lambda: house.doorbell.door.lock == "locked")
    stale = a_command(ANNA, await house.challenged())
    house.later(CHALLENGE_VALID_S)
    house.stamp.wall_ms -= jump_ms
    assert await house.refused(stale) == "challenge"


async def test_a_new_challenge_voids_the_one_before(house: UnlockHouse) -> None:
    first = await house.challenged()
    await house.challenged()
    assert await house.refused(a_command(ANNA, first)) == "challenge"


async def test_one_wrong_try_spends_the_challenge(house: UnlockHouse) -> None:
    challenge = await house.challenged()
    assert await house.refused(a_command(ANNA, challenge, signer=BEN)) == "challenge"
    assert await house.refused(a_command(ANNA, challenge)) == "challenge"


async def test_the_end_of_a_call_voids_its_challenge(house: UnlockHouse) -> None:
    command = a_command(ANNA, await house.challenged())
    house.desk.forget(CALL)
    assert await house.refused(command) == "challenge"


async def test_another_call_cannot_use_it(house: UnlockHouse) -> None:
    command = a_command(ANNA, await house.challenged())
    await house.challenged(call=OTHER_CALL)
    assert await house.refused(command, call=OTHER_CALL) == "challenge"


@pytest.mark.parametrize(
    "change",
    [
        {"doorbell": Identity.generate().id},
        {"phone": BEN.id},
        {"channel": channel(OTHER_CALL)},
        {"challenge": "A" * 22},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_every_field_of_the_statement_counts(
    house: UnlockHouse, change: dict[str, str]
) -> None:
    assert (
        await house.refused(a_command(ANNA, await house.challenged(), changes=change))
        == "challenge"
    )


async def test_the_key_has_to_be_the_phones_of_this_call(house: UnlockHouse) -> None:
    """Ben is paired and may unlock, but this is Anna's call; a stranger is neither."""
    for signer in (BEN, Identity.generate()):
        assert await house.refused(a_command(signer, await house.challenged())) == "challenge"


async def test_a_signature_of_another_kind_does_not_count(house: UnlockHouse) -> None:
    statement = UnlockCommand(
        doorbell=DOORBELL.id, phone=ANNA.id, channel=channel(CALL),
        challenge=await house.challenged(),
    )  # fmt: skip
    assert await house.refused(jws.seal(ANNA, "doorstep-offer+jws", statement)) == "malformed"


@pytest.mark.parametrize("text", ["x", "a.b", "..", "a.b.c", "\ud7ff" * 100, "A" * 8000 + ".."])
async def test_nonsense_is_refused_and_noted(house: UnlockHouse, text: str) -> None:
    await house.challenged()
    assert await house.refused(text) == "malformed"
    rows = await house.rows("unlock_refused")
    assert len(rows) == 1
    assert rows[0].evidence == ""


async def test_a_phone_that_was_removed_opens_nothing(house: UnlockHouse) -> None:
    command = a_command(BEN, await house.challenged(BEN))
    house.household.remove(BEN.id)
    reply = await house.confirm(command, BEN)
    assert isinstance(reply, Denied)
    assert (reply.reason, "not paired" in reply.detail) == ("right", True)


async def test_the_right_is_the_one_of_now(house: UnlockHouse) -> None:
    command = a_command(BEN, await house.challenged(BEN))
    house.give(BEN, "view", "talk")
    assert (await house.confirm(command, BEN)).model_dump()["reason"] == "right"
    denied = await house.challenge(BEN)
    assert isinstance(denied, Denied)
    assert denied.detail == (
        "This phone may not unlock the door. A phone with admin rights can allow it."
    )


async def test_a_restart_voids_every_challenge(tmp_path: Path) -> None:
    async with unlock_house(tmp_path, MANY) as house:
        command = a_command(ANNA, await house.challenged())
    async with unlock_house(tmp_path, MANY) as house:
        assert await house.refused(command) == "challenge"
        await house.challenged()
        assert await house.refused(command) == "challenge"
        assert house.edges() == 0


# Limits.


async def test_six_a_minute_for_each_phone(house: UnlockHouse) -> None:
    for _ in range(LIMIT):
        await opened(house)
    denied = await house.challenge()
    assert isinstance(denied, Denied)
    assert (denied.reason, denied.detail) == (
        "rate", "Too many tries to open the door. Wait 60 s.")  # fmt: skip
    await opened(house, BEN)
    house.later(WINDOW_S)
    await opened(house)


async def test_three_bad_proofs_lock_that_phone_out_for_a_minute(house: UnlockHouse) -> None:
    for _ in range(BAD_LIMIT):
        await house.refused(a_command(ANNA, await house.challenged(), signer=BEN))
    denied = await house.challenge()
    assert isinstance(denied, Denied)
    assert denied.reason == "rate"
    await opened(house, BEN)
    house.later(LOCKOUT_S - 1)
    assert isinstance(await house.challenge(), Denied)
    house.later(1)
    await opened(house)


async def test_a_lockout_holds_for_a_challenge_that_was_given_before(house: UnlockHouse) -> None:
    genuine = a_command(ANNA, await house.challenged(call=OTHER_CALL), OTHER_CALL)
    for _ in range(BAD_LIMIT):
        await house.refused(a_command(ANNA, a_nonce()))
    assert await house.refused(genuine, call=OTHER_CALL) == "rate"
    assert house.edges() == 0


async def test_a_good_proof_forgives_the_bad_ones(house: UnlockHouse) -> None:
    for _ in range(2):
        for _ in range(BAD_LIMIT - 1):
            await house.refused(a_command(ANNA, a_nonce()))
        await opened(house)


async def test_slow_fingers_are_not_bad_proofs(house: UnlockHouse) -> None:
    for _ in range(2 * BAD_LIMIT):
        command = a_command(ANNA, await house.challenged())
        house.later(CHALLENGE_VALID_S)
        await house.refused(command)
    await opened(house)


async def test_the_machines_own_limit_is_a_second_net(tmp_path: Path) -> None:
    async with unlock_house(tmp_path, Policy(pulse_s=SHORT_S, unlock_limit=1)) as house:
        await opened(house)
        reply = await house.unlock()
        assert isinstance(reply, Denied)
        assert reply.reason == "rate"
        failed = await house.rows("unlock_failed")
        assert "opened too often" in failed[0].detail


# Home automation.


async def test_automation_opens_only_when_an_admin_allows_it(house: UnlockHouse) -> None:
    assert isinstance(await house.desk.open_for_automation("proof"), Denied)
    assert house.edges() == 0
    house.rule(unlock_mqtt=True)
    assert await house.desk.open_for_automation("proof") == Done(id=AUTOMATION_REQUEST)
    assert house.world.active("lock")
    granted = (await house.rows("unlock_granted"))[0]
    assert (granted.who, granted.name, granted.evidence) == (
        "automation", "Home automation", "proof")  # fmt: skip
    refused = await house.rows("unlock_refused")
    assert [row.who for row in refused] == ["automation"]


async def test_automation_has_the_same_limit(house: UnlockHouse) -> None:
    house.rule(unlock_mqtt=True)
    for _ in range(LIMIT):
        assert isinstance(await house.desk.open_for_automation("proof"), Done)
        await eventually(lambda: house.doorbell.door.lock == "locked")
    denied = await house.desk.open_for_automation("proof")
    assert isinstance(denied, Denied)
    assert denied.reason == "rate"


# A thousand tries.


async def test_a_thousand_forgeries_move_nothing_and_are_all_in_the_log(
    house: UnlockHouse,
) -> None:
    genuine = a_command(ANNA, await house.challenged())
    assert isinstance(await house.confirm(genuine), Unlocked)
    await eventually(lambda: house.edges() == 2)
    await eventually(lambda: house.doorbell.door.lock == "locked")
    house.give(BEN, *(right for right in ALL_RIGHTS if right != "unlock"))
    tried, before = 0, len(await house.rows("unlock_refused"))
    thief, chance = Identity.generate(), secrets.SystemRandom()
    while tried < 1000:
        held_back = a_command(ANNA, await given(house, ANNA))
        house.later(CHALLENGE_VALID_S)
        fresh = await given(house, ANNA)
        for phone, call, command in (
            (ANNA, CALL, held_back),
            (ANNA, CALL, genuine),
            (ANNA, OTHER_CALL, genuine),
            (ANNA, CALL, malleated(genuine)),
            (ANNA, CALL, a_command(ANNA, fresh, signer=thief)),
            (ANNA, CALL, with_header(a_command(ANNA, fresh), alg="none")),
            (ANNA, CALL, with_header(a_command(ANNA, fresh), alg="HS256")),
            (ANNA, CALL, a_command(ANNA, fresh, changes={"doorbell": thief.id})),
            (ANNA, CALL, a_command(ANNA, fresh, changes={"channel": channel(OTHER_CALL)})),
            (ANNA, CALL, a_command(ANNA, fresh)[: chance.randrange(1, 200)]),
            (BEN, CALL, a_command(BEN, fresh)),
            (BEN, CALL, a_command(ANNA, fresh)),
        ):
            assert isinstance(await house.confirm(command, phone, call), Denied)
            tried += 1
        # So that a lockout never is what keeps the door shut.
        house.later(2 * LOCKOUT_S)
    assert house.edges() == 2
    rows = await house.rows("unlock_refused")
    assert sum(counted(row.detail) for row in rows) - before == tried
    assert len(await house.rows("unlock_granted")) == 1


async def given(house: UnlockHouse, phone: Identity) -> str:
    challenge = await house.challenge(phone)
    assert isinstance(challenge, Challenge)
    return challenge.challenge


def counted(detail: str) -> int:
    number = re.match(r"(\d+) more of these", detail)
    return int(number[1]) if number else 1


def malleated(command: str) -> str:
    """The same statement under (r, n-s)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = command.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    s = order - int.from_bytes(raw[32:], "big")
    twin = raw[:32] + s.to_bytes(32, "big")
    return f"{signed}.{base64.urlsafe_b64encode(twin).rstrip(b'=').decode()}"


def with_header(command: str, **changes: str) -> str:
    header, rest = command.split(".", 1)
    claims = json.loads(base64.urlsafe_b64decode(header + "==")) | changes
    raw = json.dumps(claims, separators=(",", ":")).encode()
    return f"{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}.{rest}"


def test_a_malleated_signature_is_genuine_to_the_verifier() -> None:
    """Otherwise the tests above would prove nothing."""
    command = a_command(ANNA, a_nonce())
    twin = malleated(command)
    assert twin != command
    jws.unseal(twin, COMMAND_TYP, ANNA.public, UnlockCommand)
    with pytest.raises(RemoteProtocolError):
        jws.unseal(with_header(command, alg="none"), COMMAND_TYP, ANNA.public, UnlockCommand)
