"""Requests of phones, from right to deed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from device.core.policy import Policy
from device.services.clock import Clock
from device.services.doorbell import Doorbell
from device.services.front_desk import FrontDesk
from device.services.household import Household
from device.services.unlock import Challenges
from protocol.control import (
    Challenge,
    Chime,
    ControlRequest,
    Denied,
    Done,
    Light,
    Ping,
    QuickReply,
    Unlock,
    UnlockConfirm,
    Volume,
    unlock_statement,
)
from protocol.door import ALL_RIGHTS, Phone, Right
from protocol.identity import Identity
from protocol.link import KnownPhone
from protocol.pairing import encode
from tests.support.paper_board import PaperBoard

DEVICE, CALL = "d" * 26, "call-0001"
ANNA, BEN = Identity.generate(), Identity.generate()


def claimed(phone: Identity) -> Phone:
    """A phone as the server might present it: with every right."""
    return Phone(id=phone.id, name="Claimed", rights=ALL_RIGHTS)


@dataclass
class House:
    board: PaperBoard
    doorbell: Doorbell
    household: Household
    desk: FrontDesk
    spoken: list[str]

    def take_rights(self, phone: Identity, *rights: Right) -> None:
        known = self.household.find(phone.id)
        assert known is not None
        others = tuple(k for k in self.household.phones if k != known)
        less = KnownPhone(
            phone=known.phone.model_copy(update={"rights": rights}), public_key=known.public_key
        )
        self.household._keep((*others, less))

    async def unlock(self, phone: Identity, signer: Identity) -> Done | Denied:
        challenge = await self.desk.perform(CALL, claimed(phone), Unlock(id=1))
        assert isinstance(challenge, Challenge)
        signature = signer.sign(unlock_statement(DEVICE, CALL, challenge.challenge))
        confirm = UnlockConfirm(id=2, challenge=challenge.challenge, signature=encode(signature))
        reply = await self.desk.perform(CALL, claimed(phone), confirm)
        assert isinstance(reply, Done | Denied)
        assert reply.id == 2
        return reply


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    board, spoken, clock = PaperBoard(), list[str](), Clock(lambda: 1.8e9)
    doorbell = Doorbell(board, Policy(), clock=clock, speak=spoken.append)
    household = Household(tmp_path / "phones.json")
    for phone, name in ((ANNA, "Anna"), (BEN, "Ben")):
        household.welcome(phone.public, name)
    desk = FrontDesk(doorbell, household, Challenges(DEVICE, clock.monotonic), board.speaker)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        life = group.create_task(doorbell.run())
        yield House(board, doorbell, household, desk, spoken)
        life.cancel()


async def test_a_signed_confirmation_opens_the_door(house: House) -> None:
    assert isinstance(await house.unlock(ANNA, ANNA), Done)
    assert house.board.paper_lock.unlocked
    again = await house.unlock(BEN, BEN)
    assert isinstance(again, Denied)
    assert again.reason == "busy"


async def test_another_phones_signature_opens_nothing(house: House) -> None:
    reply = await house.unlock(ANNA, BEN)
    assert isinstance(reply, Denied)
    assert reply.reason == "challenge"
    assert house.board.paper_lock.did == []


async def test_a_lock_that_fails_says_so(house: House) -> None:
    house.board.paper_lock.broken = True
    reply = await house.unlock(ANNA, ANNA)
    assert isinstance(reply, Denied)
    assert (reply.reason, reply.detail) == ("fault", "It does not answer. Check its cable.")


@pytest.mark.parametrize(
    ("request_", "right", "words"),
    [
        (Unlock(id=3), "unlock", "unlock the door"),
        (UnlockConfirm(id=3, challenge="AAAA", signature="AAAA"), "unlock", "unlock the door"),
        (Light(id=3, on=True), "light", "switch the light"),
        (Chime(id=3), "chime", "sound the chime"),
        (QuickReply(id=3, reply="coming"), "talk", "talk to the visitor"),
        (Volume(id=3, percent=50), "talk", "talk to the visitor"),
    ],
)
async def test_rights_are_the_households_whatever_is_claimed(
    house: House, request_: ControlRequest, right: Right, words: str
) -> None:
    house.take_rights(BEN, *(r for r in ALL_RIGHTS if r != right))
    reply = await house.desk.perform(CALL, claimed(BEN), request_)
    assert isinstance(reply, Denied)
    assert (reply.id, reply.reason) == (3, "right")
    assert reply.detail == f"This phone may not {words}. A phone with admin rights can allow it."
    assert house.board.paper_lock.did == house.board.paper_light.did == []


async def test_a_stranger_may_nothing(house: House) -> None:
    reply = await house.desk.perform(CALL, claimed(Identity.generate()), Ping(id=4))
    assert isinstance(reply, Denied)
    assert reply.reason == "right"


async def test_light_chime_reply_and_volume(house: House) -> None:
    for request in (Light(id=1, on=True), Chime(id=2), QuickReply(id=3, reply="leave_it"),
                    Volume(id=4, percent=30)):  # fmt: skip
        reply = await house.desk.perform(CALL, claimed(ANNA), request)
        assert reply == Done(id=request.id)
    assert house.board.paper_light.did == [True]
    assert house.board.paper_chime.did == ["ring"]
    assert house.spoken == ["leave_it"]
    assert house.board.paper_speaker.did == [30]


async def test_a_broken_speaker_says_so(house: House) -> None:
    house.board.paper_speaker.broken = True
    reply = await house.desk.perform(CALL, claimed(ANNA), Volume(id=4, percent=30))
    assert isinstance(reply, Denied)
    assert reply.reason == "fault"


async def test_the_end_of_a_call_ends_its_challenge(house: House) -> None:
    challenge = await house.desk.perform(CALL, claimed(ANNA), Unlock(id=1))
    assert isinstance(challenge, Challenge)
    house.desk.call_ended(CALL)
    signature = ANNA.sign(unlock_statement(DEVICE, CALL, challenge.challenge))
    confirm = UnlockConfirm(id=2, challenge=challenge.challenge, signature=encode(signature))
    assert isinstance(await house.desk.perform(CALL, claimed(ANNA), confirm), Denied)


async def test_a_call_makes_the_button_glow_and_its_end_dark(house: House) -> None:
    house.desk.call_started(CALL, claimed(ANNA), None)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.Event().wait()
    house.desk.call_ended(CALL)
    await house.desk.perform(CALL, claimed(ANNA), Light(id=1, on=True))
    assert [signal.value for signal in house.board.paper_indicator.did  # type: ignore[attr-defined]
            ] == ["dark", "live", "dark"]  # fmt: skip
