"""Pairing messages travel to the doorbell and back; the server registers who was accepted."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from protocol.door import ALL_RIGHTS, Window
from protocol.identity import Identity
from protocol.link import PairReply, PairStep
from protocol.pairing import PairChallenge, Paired, PairHello, PairProof, PairRefused
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import Reply, SigningPhone

PATH = "/api/v1/pairing"
JSON = {"Content-Type": "application/json"}
PROOF = "p" * 43


def hello(doorbell: str, phone: SigningPhone) -> bytes:
    message = PairHello(
        device_id=doorbell, public_key=phone.identity.public.text, nonce="n", name="Ben"
    )
    return message.model_dump_json().encode()


async def step(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    body: bytes,
    answer: PairChallenge | Paired | PairRefused,
) -> tuple[PairStep, Reply]:
    """Post a message; the doorbell replies with `answer`."""
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(phone.send("POST", PATH, body, JSON))
        carried = await doorbell.hear(PairStep)
        await doorbell.say(PairReply(step=carried.step, reply=answer))
    return carried, asking.result()


async def test_a_new_phone_is_paired_and_may_ask_at_once(doorbell: ScriptedDoorbell) -> None:
    ben = SigningPhone(doorbell.url, doorbell.http)
    assert (await ben.ask("GET", "/api/v1/doorbells")).status == 401
    challenge = PairChallenge(pairing="pairing-1", public_key="k", nonce="n", proof=PROOF)
    carried, reply = await step(doorbell, ben, hello(doorbell.id, ben), challenge)
    assert isinstance(carried.message, PairHello)
    assert PairChallenge.model_validate_json(reply.body) == challenge

    proof = PairProof(device_id=doorbell.id, pairing="pairing-1", proof=PROOF)
    paired = Paired(
        phone_id=ben.id, name="Ben", public_key=ben.identity.public.text,
        doorbell_name="Front door", rights=ALL_RIGHTS,
    )  # fmt: skip
    _, reply = await step(doorbell, ben, proof.model_dump_json().encode(), paired)
    assert Paired.model_validate_json(reply.body) == paired
    [item] = (await ben.ask("GET", "/api/v1/doorbells")).json["items"]
    assert (item["id"], item["me"]["name"]) == (doorbell.id, "Ben")


async def test_rights_with_limits_hold_when_the_doorbell_says_so(
    doorbell: ScriptedDoorbell,
) -> None:
    """The server knows neither the doorbell's time nor its windows; it waits for the members."""
    ben = SigningPhone(doorbell.url, doorbell.http)
    window = Window(days=(0,), start=0, end=60)
    paired = Paired(
        phone_id=ben.id, name="Ben", public_key=ben.identity.public.text,
        doorbell_name="Front door", rights=("view",), windows=(window,),
    )  # fmt: skip
    await step(doorbell, ben, hello(doorbell.id, ben), paired)
    [item] = (await ben.ask("GET", "/api/v1/doorbells")).json["items"]
    assert item["me"]["rights"] == []
    assert item["me"]["windows"] == [window.model_dump(mode="json")]
    await doorbell.introduce(known_phone(ben.identity, "Ben", "view"))
    # What a later step repeats does not count for more than what the doorbell said since.
    await step(doorbell, ben, hello(doorbell.id, ben), paired)
    [item] = (await ben.ask("GET", "/api/v1/doorbells")).json["items"]
    assert item["me"]["rights"] == ["view"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [("unknown", 410), ("expired", 410), ("used", 410), ("wrong", 403), ("exhausted", 429)],
)
async def test_the_doorbells_refusal_is_a_problem(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    reason: Literal["unknown", "expired", "used", "wrong", "exhausted"],
    status: int,
) -> None:
    refused = PairRefused(reason=reason, detail="Ask for a new code.")
    _, reply = await step(doorbell, phone, hello(doorbell.id, phone), refused)
    assert (reply.status, reply.problem.detail) == (status, "Ask for a new code.")


async def test_a_key_that_is_not_the_phones_is_not_registered(
    doorbell: ScriptedDoorbell,
) -> None:
    ben = SigningPhone(doorbell.url, doorbell.http)
    paired = Paired(
        phone_id=ben.id, name="Ben", public_key=Identity.generate().public.text,
        doorbell_name="Front door", rights=ALL_RIGHTS,
    )  # fmt: skip
    _, reply = await step(doorbell, ben, hello(doorbell.id, ben), paired)
    assert reply.problem.status == 502
    assert (await ben.ask("GET", "/api/v1/doorbells")).status == 401


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"type":"pair_hello"}', JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b" " * 20_000, JSON, 400),
        (b" " * 70_000, JSON, 413),
    ],
)
async def test_malformed_messages_never_reach_the_doorbell(
    doorbell: ScriptedDoorbell,
    phone: SigningPhone,
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    reply = await phone.send("POST", PATH, body, headers)
    assert reply.status == reply.problem.status == status


async def test_pairing_with_a_doorbell_that_is_away(phone: SigningPhone) -> None:
    reply = await phone.send("POST", PATH, hello("a" * 26, phone), JSON)
    assert (reply.status, reply.problem.title) == (503, "Doorbell away")
