"""Requests of phones, from right to deed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from device.services.doorbell import Doorbell
from device.services.front_desk import FrontDesk
from protocol.audit import (
    HEAD_TYP,
    LINKS_LIMIT,
    AuditHead,
    AuditHeadStatement,
    AuditLinks,
    next_hash,
    row_hash,
)
from protocol.control import (
    AuditSince,
    Challenge,
    Chime,
    ControlReply,
    ControlRequest,
    Denied,
    Done,
    Light,
    Mute,
    Ping,
    QuickReply,
    Unlock,
    UnlockConfirm,
    Unlocked,
    Volume,
)
from protocol.door import ALL_RIGHTS, Right
from protocol.identity import Identity
from protocol.jws import unseal
from tests.support.audit_rig import DOORBELL, rows_of
from tests.support.paper_board import PaperBoard
from tests.support.unlock_house import (
    ANNA,
    BEN,
    CALL,
    UnlockHouse,
    a_command,
    a_line,
    unlock_house,
)


@dataclass
class Desk:
    house: UnlockHouse
    desk: FrontDesk
    spoken: list[str]

    @property
    def board(self) -> PaperBoard:
        return self.house.board

    @property
    def doorbell(self) -> Doorbell:
        return self.house.doorbell

    async def perform(self, phone: Identity, request: ControlRequest) -> ControlReply:
        return await self.desk.perform(a_line(phone), request)

    async def unlock(self, phone: Identity, signer: Identity) -> Unlocked | Denied:
        challenge = await self.perform(phone, Unlock(id=1))
        assert isinstance(challenge, Challenge)
        command = a_command(phone, challenge.challenge, signer=signer)
        reply = await self.perform(phone, UnlockConfirm(id=2, command=command))
        assert isinstance(reply, Unlocked | Denied)
        assert reply.id == 2
        return reply


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    spoken = list[str]()
    async with asyncio.timeout(5), unlock_house(tmp_path, speak=spoken.append) as house:
        front = FrontDesk(
            house.doorbell, house.household, house.desk, house.log, house.board.speaker
        )
        yield Desk(house, front, spoken)


async def test_a_signed_confirmation_opens_the_door(desk: Desk) -> None:
    assert isinstance(await desk.unlock(ANNA, ANNA), Unlocked)
    assert desk.house.world.active("lock")
    again = await desk.unlock(BEN, BEN)
    assert isinstance(again, Denied)
    assert again.reason == "busy"


async def test_another_phones_signature_opens_nothing(desk: Desk) -> None:
    reply = await desk.unlock(ANNA, BEN)
    assert isinstance(reply, Denied)
    assert reply.reason == "challenge"
    assert desk.house.edges() == 0


async def test_a_lock_that_fails_says_so(desk: Desk) -> None:
    lock = desk.board.lock = desk.board.paper_lock
    lock.broken = True
    reply = await desk.unlock(ANNA, ANNA)
    assert isinstance(reply, Denied)
    assert (reply.reason, reply.detail) == ("fault", "It does not answer. Check its cable.")


@pytest.mark.parametrize(
    ("request_", "right", "words"),
    [
        (Unlock(id=3), "unlock", "unlock the door"),
        (Light(id=3, on=True), "light", "switch the light"),
        (Chime(id=3), "chime", "sound the chime"),
        (QuickReply(id=3, reply="coming"), "talk", "talk to the visitor"),
        (Volume(id=3, percent=50), "talk", "talk to the visitor"),
        (AuditSince(id=3, row=0), "view", "see the door"),
    ],
)
async def test_rights_are_the_households_whatever_is_claimed(
    desk: Desk, request_: ControlRequest, right: Right, words: str
) -> None:
    desk.house.give(BEN, *(r for r in ALL_RIGHTS if r != right))
    reply = await desk.perform(BEN, request_)
    assert isinstance(reply, Denied)
    assert (reply.id, reply.reason) == (3, "right")
    assert reply.detail == f"This phone may not {words}. A phone with admin rights can allow it."
    assert desk.house.edges() == 0
    assert desk.board.paper_light.did == desk.board.paper_chime.did == []


async def test_a_right_that_went_between_challenge_and_confirmation_is_gone(desk: Desk) -> None:
    challenge = await desk.perform(BEN, Unlock(id=1))
    assert isinstance(challenge, Challenge)
    desk.house.give(BEN, *(r for r in ALL_RIGHTS if r != "unlock"))
    command = a_command(BEN, challenge.challenge)
    reply = await desk.perform(BEN, UnlockConfirm(id=3, command=command))
    assert isinstance(reply, Denied)
    assert (reply.id, reply.reason) == (3, "right")
    assert reply.detail == (
        "This phone may not unlock the door. A phone with admin rights can allow it."
    )
    assert desk.house.edges() == 0


@pytest.mark.parametrize(
    "request_", [Ping(id=4), Light(id=4, on=True), Unlock(id=4), AuditSince(id=4, row=0)]
)
async def test_a_stranger_may_nothing(desk: Desk, request_: ControlRequest) -> None:
    reply = await desk.perform(Identity.generate(), request_)
    assert isinstance(reply, Denied)
    assert (reply.id, reply.reason) == (4, "right")


async def test_light_chime_reply_and_volume(desk: Desk) -> None:
    for request in (Light(id=1, on=True), Chime(id=2), QuickReply(id=3, reply="leave_it"),
                    Volume(id=4, percent=30)):  # fmt: skip
        assert await desk.perform(ANNA, request) == Done(id=request.id)
    assert desk.board.paper_light.did == [True]
    assert desk.board.paper_chime.did == ["ring"]
    assert desk.spoken == ["leave_it"]
    assert desk.board.paper_speaker.did == [30]


async def test_a_broken_speaker_says_so(desk: Desk) -> None:
    desk.board.paper_speaker.broken = True
    reply = await desk.perform(ANNA, Volume(id=4, percent=30))
    assert isinstance(reply, Denied)
    assert reply.reason == "fault"


async def test_the_end_of_a_call_ends_its_challenge(desk: Desk) -> None:
    challenge = await desk.perform(ANNA, Unlock(id=1))
    assert isinstance(challenge, Challenge)
    desk.desk.call_ended(CALL)
    command = a_command(ANNA, challenge.challenge)
    assert isinstance(await desk.perform(ANNA, UnlockConfirm(id=2, command=command)), Denied)
    assert desk.house.edges() == 0


async def test_a_call_makes_the_button_glow_and_its_end_dark(desk: Desk) -> None:
    desk.desk.call_started(CALL, a_line(ANNA).phone, None)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.Event().wait()
    desk.desk.call_ended(CALL)
    await desk.perform(ANNA, Light(id=1, on=True))
    assert [signal.value for signal in desk.board.paper_indicator.did  # type: ignore[attr-defined]
            ] == ["dark", "live", "dark"]  # fmt: skip


async def test_the_button_tells_whether_the_microphone_is_open(desk: Desk) -> None:
    desk.desk.call_started(CALL, a_line(ANNA).phone, None)
    desk.desk.hearing_changed(CALL, True)
    await desk.perform(ANNA, Light(id=1, on=True))
    for number, muted in enumerate((True, False), start=2):
        assert isinstance(await desk.perform(ANNA, Mute(id=number, on=muted)), Done)
        await desk.perform(ANNA, Light(id=number + 10, on=True))
    desk.desk.call_ended(CALL)
    await desk.perform(ANNA, Light(id=20, on=True))
    assert [signal.value for signal in desk.board.paper_indicator.did  # type: ignore[attr-defined]
            ][-4:] == ["listening", "live", "listening", "dark"]  # fmt: skip


# The audit log, as phones check it.


async def test_a_phone_is_greeted_with_the_head_and_can_follow_the_chain_to_the_next(
    desk: Desk,
) -> None:
    await desk.house.log.write("invited", detail="before the call")
    before = head_in(desk.desk.greeting(a_line(ANNA)))
    for _ in range(3):
        await desk.house.log.write("invited", detail="meanwhile")
    after = head_in(desk.desk.greeting(a_line(ANNA)))
    links = await desk.perform(ANNA, AuditSince(id=7, row=before.number))
    assert isinstance(links, AuditLinks)
    assert links.id == 7
    place = before.hash
    for number, row in enumerate(links.rows, before.number + 1):
        place = next_hash(number, place, row)
    assert (before.number + len(links.rows), place) == (after.number, after.hash)


def head_in(greeting: tuple[ControlReply, ...]) -> AuditHeadStatement:
    (head,) = greeting
    assert isinstance(head, AuditHead)
    return unseal(head.head, HEAD_TYP, DOORBELL.public, AuditHeadStatement)


async def test_links_come_in_pieces_and_none_after_the_last(desk: Desk) -> None:
    for _ in range(LINKS_LIMIT + 20):
        # Slowly enough to be rows of their own.
        desk.house.later(1)
        desk.house.log.note("policy_changed", detail="-")
    last = await desk.house.log.write("invited")
    assert last > LINKS_LIMIT
    first = await desk.perform(ANNA, AuditSince(id=1, row=0))
    rest = await desk.perform(ANNA, AuditSince(id=2, row=last - 2))
    none = await desk.perform(ANNA, AuditSince(id=3, row=last))
    assert isinstance(first, AuditLinks)
    assert isinstance(rest, AuditLinks)
    assert none == AuditLinks(id=3, rows=())
    assert len(first.rows) == LINKS_LIMIT
    assert len(rest.rows) == 2
    kept = rows_of(desk.house.folder)
    assert first.rows[0] == row_hash(kept[0].model_dump_json().encode())


async def test_a_log_that_cannot_be_read_says_so(desk: Desk) -> None:
    await desk.house.log.write("invited")
    await desk.house.log._in_thread(desk.house.log._book.close)
    reply = await desk.perform(ANNA, AuditSince(id=1, row=0))
    assert isinstance(reply, Denied)
    assert reply.reason == "fault"


@pytest.mark.parametrize("message", ['{"type":"unlock_confirm","id":1}', b"unlock_confirm \xff",
                                     '"unlock_confirm" \ud800'])  # fmt: skip
async def test_an_attempt_to_open_that_cannot_be_read_is_in_the_log_and_spends_the_challenge(
    desk: Desk, message: str | bytes
) -> None:
    challenge = await desk.perform(ANNA, Unlock(id=1))
    assert isinstance(challenge, Challenge)
    desk.desk.unheard(a_line(ANNA), message)
    desk.desk.unheard(a_line(ANNA), '{"type":"lights"}')
    (row,) = await desk.house.rows("unlock_refused")
    assert (row.who, row.evidence) == (ANNA.id, "")
    command = a_command(ANNA, challenge.challenge)
    assert isinstance(await desk.perform(ANNA, UnlockConfirm(id=2, command=command)), Denied)
    assert desk.house.edges() == 0
