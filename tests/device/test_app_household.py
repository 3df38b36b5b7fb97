"""The household of a whole doorbell: nobody outside pairs, and a reset reaches everybody."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import TypeVar

from device.services.admin import ask
from device.services.household import Household
from device.services.reset import RESET_FILE
from hardware.twin.control import send
from protocol.audit import AuditRow
from protocol.identity import Identity
from protocol.link import FromDoorbell, Hello, Members, PairReply, PairStep
from protocol.pairing import Invitation, Paired, PairingRequest
from tests.support.doorbell_process import ROOT, START_LIMIT_S, doorbell
from tests.support.link_server import Line
from tests.support.pairing_house import PairingPhone, challenge_of, reason_of

Kind = TypeVar("Kind", bound=FromDoorbell)
# A visitor who leans on the button and comes back again and again.
PRESSES = 20


async def hello(line: Line) -> Hello:
    message = await line.hear()
    assert isinstance(message, Hello)
    await line.welcome()
    return message


async def pair_step(line: Line, step: int, request: PairingRequest) -> PairReply:
    """One pairing message over the link; what else the doorbell says meanwhile is passed over."""
    await line.say(PairStep(step=step, message=request))
    reply = await until(line, PairReply)
    assert reply.step == step
    return reply


async def until(line: Line, kind: type[Kind]) -> Kind:
    while not isinstance(message := await line.hear(), kind):
        pass
    return message


async def device(*arguments: str) -> str:
    """What a command of the doorbell prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "device", *arguments, stdout=PIPE, stderr=PIPE, cwd=ROOT
    )
    async with asyncio.timeout(START_LIMIT_S):
        printed, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return printed.decode()


def audit_rows(state: Path) -> list[str]:
    """What happened, by the log of a doorbell that has stopped."""
    with sqlite3.connect(state / "audit.sqlite3") as book:
        rows = [str(row) for (row,) in book.execute("SELECT row FROM rows ORDER BY number")]
    book.close()
    return [AuditRow.model_validate_json(row).what for row in rows]


async def test_nothing_at_the_door_starts_a_pairing(tmp_path: Path) -> None:
    Household(tmp_path / "phones.json").welcome(Identity.generate().public, "Anna")
    async with doorbell(tmp_path, "--visits-motion-cooldown-s", "0") as running:
        line = await running.server.line()
        greeted = await hello(line)
        for _ in range(PRESSES):
            for what in ("walk_past", "press", "release", "leave"):
                await asyncio.to_thread(send, tmp_path / "twin.sock", what)
        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        stranger = PairingPhone(Invitation("k" * 43, b"x" * 16, greeted.device_id), "Mallory")
        reply = await pair_step(line, 1, stranger.hello())
        assert reason_of(reply.reply) == "unknown"
        log = await running.stop()
    assert "a phone is invited" not in log
    assert "invited" not in audit_rows(tmp_path)
    assert audit_rows(tmp_path).count("pairing_refused") == 1
    assert len(Household(tmp_path / "phones.json").phones) == 1


async def test_a_phone_pairs_is_reset_and_told(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running:
        line = await running.server.line()
        await hello(line)
        link = str((await asyncio.to_thread(ask, tmp_path, "pair"))["link"])
        anna = PairingPhone(Invitation.parse(link.partition("#")[2]))
        challenge = challenge_of((await pair_step(line, 1, anna.hello())).reply)
        assert anna.believes(challenge)
        await line.say(PairStep(step=2, message=anna.proof(challenge)))
        members = await until(line, Members)
        assert [known.phone.id for known in members.phones] == [anna.key.id]
        assert isinstance((await until(line, PairReply)).reply, Paired)

        assert anna.key.id in await device("phones", "--state", str(tmp_path))
        printed = await device("reset", "--yes", "--state", str(tmp_path))
        assert "All phones are out." in printed
        members = await until(line, Members)
        assert (members.phones, members.forgotten) == ((), (anna.key.id,))
        # Who knows the code of before sees that it is none any more; the printed one lets in.
        assert not anna.believes(challenge_of((await pair_step(line, 3, anna.hello())).reply))
        fragment = next(word for word in printed.split() if "/#" in word).partition("#")[2]
        ben = PairingPhone(Invitation.parse(fragment), "Ben")
        challenge = challenge_of((await pair_step(line, 4, ben.hello())).reply)
        paired = (await pair_step(line, 5, ben.proof(challenge))).reply
        assert isinstance(paired, Paired)
        assert "admin" in paired.rights
        log = await running.stop()
    for name in ("Anna", anna.key.public.text, link.partition("#")[2]):
        assert name not in log
    assert "household_reset" in audit_rows(tmp_path)


async def test_a_file_on_the_card_resets_and_the_code_is_printed(tmp_path: Path) -> None:
    card, state = tmp_path / "card", tmp_path / "state"
    card.mkdir()
    (card / RESET_FILE).write_text("")
    anna = Household(state / "phones.json").welcome(Identity.generate().public, "Anna")
    folder = ("--state-reset-folder", str(card))
    async with doorbell(state, *folder) as running:
        greeted = await hello(await running.server.line())
        assert greeted.members.phones == ()
        assert greeted.members.forgotten == (anna.phone.id,)
        assert running.process.stdout is not None
        assert b"To pair a phone" in b"".join(
            [await running.process.stdout.readline() for _ in range(2)]
        )
        assert not (card / RESET_FILE).exists()
        await running.stop()
    assert audit_rows(state)[:2] == ["started", "household_reset"]
    async with doorbell(state, *folder) as running:
        # The first welcome confirmed that the server has told the phone.
        greeted = await hello(await running.server.line())
        assert greeted.members.forgotten == ()
        await running.stop()
    assert audit_rows(state).count("household_reset") == 1
