"""The whole service on a card that takes nothing: rings and calls go on, the rest is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from device import wiring
from device.app import Greeting, serve
from device.services import storage
from device.settings import CameraSettings, ServerSettings, Settings, StateSettings
from hardware.twin.board import TwinBoard, open_twin
from protocol import jws
from protocol.control import (
    COMMAND_TYP,
    CallState,
    Challenge,
    ControlReply,
    Denied,
    Unlock,
    UnlockCommand,
    UnlockConfirm,
)
from protocol.household import ChangeRules, HouseholdRefused, HouseholdView, HouseRules
from protocol.identity import PublicKey
from protocol.link import Report, VisitMoment, VisitOpened
from tests.support.carrier import Carrier
from tests.support.desk_phone import DeskPhone
from tests.support.door import eventually, running
from tests.support.doorbell_process import doorbell
from tests.support.link_server import link_server
from tests.support.mounted import a_card, fill, make, needs_mounts
from tests.support.phone import LoopPhone

FAULTS = {"storage", "log"}
WELL = ChangeRules(id=8, rules=HouseRules(unlock_mqtt=True))


@dataclass
class Porch:
    """A running doorbell and the twin that it runs on."""

    twin: TwinBoard
    carrier: Carrier


@asynccontextmanager
async def porch(state: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Porch]:
    boards: list[TwinBoard] = []

    def board_of(settings: Settings) -> TwinBoard:
        boards.append(open_twin(wiring.options_of(settings)))
        return boards[-1]

    monkeypatch.setattr(wiring, "board_of", board_of)
    greeted: asyncio.Queue[Greeting] = asyncio.Queue()
    async with link_server() as server:
        settings = Settings(
            camera=CameraSettings(width=320, height=240, fps=10),
            server=ServerSettings(url=server.url),
            state=StateSettings(directory=state, reset_folder=state),
        )
        async with running(lambda: serve(settings, greeted.put_nowait)):
            async with asyncio.timeout(10):
                await greeted.get()
            carrier = Carrier(await server.line())
            await carrier.line.welcome()
            yield Porch(boards[0], carrier)


async def paired(state: Path, phone: LoopPhone) -> PublicKey:
    """A household of one phone, made while the card was well."""
    async with doorbell(state) as process:
        carrier = Carrier(await process.server.line())
        await carrier.line.welcome()
        key = await carrier.pair(phone, state)
        await process.stop()
    return key


def faults_told(phone: LoopPhone) -> dict[str, str]:
    doors = [reply.door for reply in phone.replies if isinstance(reply, CallState)]
    return {fault.part: fault.detail for fault in doors[-1].faults} if doors else {}


async def confirmed(phone: LoopPhone, key: PublicKey) -> ControlReply:
    """What the doorbell says to a phone that opens the door as it should."""
    challenge = await phone.ask(Unlock(id=1))
    if not isinstance(challenge, Challenge):
        return challenge
    statement = UnlockCommand(
        doorbell=key.id, phone=phone.identity.id, channel=phone.channel,
        challenge=challenge.challenge,
    )  # fmt: skip
    command = jws.seal(phone.identity, COMMAND_TYP, statement)
    return await phone.ask(UnlockConfirm(id=2, command=command))


async def check_ring(door: Porch) -> None:
    door.twin.world.press()
    assert isinstance((await door.carrier.hear(Report)).what, VisitOpened)
    assert isinstance((await door.carrier.hear(Report)).what, VisitMoment)


async def check_opens_for_nobody(door: Porch, phone: LoopPhone, key: PublicKey) -> None:
    refused = await confirmed(phone, key)
    assert isinstance(refused, Denied)
    assert refused.reason == "fault"
    assert "phones cannot open the door" in refused.detail
    assert not door.twin.world.active("lock")


async def check_nothing_changes(desk: DeskPhone) -> None:
    changed = await desk.manage(ChangeRules(id=7, rules=HouseRules(unlock_mqtt=True)))
    assert isinstance(changed, HouseholdRefused)
    assert changed.reason == "fault"
    assert "disk" in changed.detail


async def check_soon_nothing_changes(desk: DeskPhone, card: Path) -> None:
    """The log gives room back now and then; it is taken, too, and then nothing fits."""
    for number in range(20):
        fill(card, f"more-{number}")
        rules = HouseRules(unlock_mqtt=number % 2 == 0)
        changed = await desk.manage(ChangeRules(id=100 + number, rules=rules))
        if isinstance(changed, HouseholdRefused):
            break
    assert isinstance(changed, HouseholdRefused)
    assert "disk" in changed.detail


@needs_mounts
async def test_a_doorbell_on_a_read_only_card_rings_and_shows_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_card(tmp_path / "card") as card:
        async with LoopPhone() as phone, DeskPhone() as desk:
            desk.identity = phone.identity
            key = await paired(card, phone)
            make(card, "ro")
            before = sorted(path.name for path in card.iterdir())
            async with porch(card, monkeypatch) as door:
                await check_ring(door)
                await door.carrier.call(phone, key, "call-0001")
                await phone.until(lambda: len(phone.numbers) > 2 and len(phone.samples) > 5)
                await eventually(lambda: faults_told(phone).keys() >= FAULTS)
                assert "card is read-only" in faults_told(phone)["storage"]
                await check_opens_for_nobody(door, phone, key)
                await door.carrier.call(desk, key, "call-0002")
                await check_nothing_changes(desk)
            assert sorted(path.name for path in card.iterdir()) == before


@needs_mounts
async def test_a_card_that_fills_up_is_told_and_refuses_what_must_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOOK_EVERY_S", 0.05)
    with a_card(tmp_path / "card") as card:
        async with LoopPhone() as phone, DeskPhone() as desk:
            desk.identity = phone.identity
            key = await paired(card, phone)
            async with porch(card, monkeypatch) as door:
                await door.carrier.call(phone, key, "call-0001")
                await phone.until(lambda: len(phone.numbers) > 2)
                await door.carrier.call(desk, key, "call-0002")
                filling = fill(card)
                await eventually(lambda: "card is full" in faults_told(phone).get("storage", ""))
                await check_ring(door)
                await check_soon_nothing_changes(desk, card)
                for taken in (filling, *card.glob("more-*")):
                    taken.unlink()
                await eventually(lambda: not faults_told(phone).keys() & {"storage"})
                assert isinstance(await desk.manage(WELL), HouseholdView)
