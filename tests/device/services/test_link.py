"""The link against a real WebSocket server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from device.services import link as link_module
from device.services.call_gate import Admitted, NotAdmittedError
from device.services.link import Link
from protocol.base import LINK_FRAME_LIMIT_BYTES, PROTOCOL_VERSION
from protocol.calls import CallChallenge
from protocol.door import DoorState, Phone
from protocol.identity import Identity, verify_token
from protocol.link import (
    CallAnswer,
    CallCandidate,
    CallEnded,
    CallHangUp,
    CallOffer,
    CallRefused,
    ChallengeGiven,
    ChallengeWanted,
    Confirmed,
    Hello,
    KnownPhone,
    Members,
    PairReply,
    PairStep,
    Refused,
    Report,
    State,
    VisitOpened,
)
from protocol.pairing import PairHello, PairingRequest, PairRefused
from tests.support.link_server import LinkServer, link_server

DOORBELL = Identity.generate()
NOW_S = 1.8e9
ANNA = Phone(id="a" * 26, name="Anna", rights=("view", "talk"))
DOOR = DoorState(lock="locked", light="off")
ALONE = Members(phones=(KnownPhone(phone=ANNA, public_key="AAAA"),))


@dataclass
class Callee:
    """Answers calls; one whose SDP is "slow" takes for ever, "faulty" breaks."""

    offers: list[Admitted] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def answer(self, admitted: Admitted) -> CallAnswer | CallRefused:
        self.offers.append(admitted)
        if admitted.sdp == "slow":
            await asyncio.Event().wait()
        if admitted.sdp == "faulty":
            raise RuntimeError("a fault of ours")
        return CallAnswer(call=admitted.call, sdp="answer")

    async def candidate(self, candidate: CallCandidate) -> None:
        self.told.append(f"candidate {candidate.call}")

    async def hang_up(self, call: str) -> None:
        self.told.append(f"hang up {call}")


class Porter:
    """Knows Anna by a signature that is her name."""

    def challenge(self, phone: str) -> CallChallenge:
        return CallChallenge(nonce=phone[:22], valid_s=30)

    def admit(self, offer: CallOffer) -> Admitted:
        if offer.signature != "Anna":
            raise NotAdmittedError(403, "Only Anna comes in.")
        return Admitted(offer.call, offer.sdp, frozenset(), "", phone=ANNA)


class Refuser:
    def step(self, request: PairingRequest) -> PairRefused:
        return PairRefused(reason="unknown", detail=f"{request.type} is not expected.")


@dataclass
class Rig:
    server: LinkServer
    link: Link
    calls: Callee
    faults: list[str | None]
    household: Household


@dataclass
class Household:
    """What the link asks about members, and tells."""

    members: Members = ALONE
    told: list[tuple[str, ...]] = field(default_factory=list)


def a_link(server: LinkServer, calls: Callee, faults: list[str | None], house: Household) -> Link:
    return Link(
        server.url, DOORBELL, calls=calls, gate=Porter(), pairing=Refuser(), wall=lambda: NOW_S,
        hello=lambda: Hello(version=PROTOCOL_VERSION, device_id=DOORBELL.id, name="Door",
                            software="test", members=house.members, state=DOOR),
        members=lambda: house.members, told=house.told.append, on_fault=faults.append,
        jitter=random.Random(1),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once: these tests are about order, not about waiting."""
    monkeypatch.setattr(link_module, "RETRY_FIRST_S", 0.01)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    calls, faults, house = Callee(), list[str | None](), Household()
    async with link_server() as server, contextlib.AsyncExitStack():
        link = a_link(server, calls, faults, house)
        async with asyncio.TaskGroup() as group:
            life = group.create_task(link.run())
            yield Rig(server, link, calls, faults, house)
            life.cancel()


def opened(number: int) -> VisitOpened:
    return VisitOpened(visit=f"visit-{number:04}", cause="press", at_ms=number)


def offer(call: str, sdp: str = "offer", signature: str | None = "Anna") -> CallOffer:
    return CallOffer(call=call, sdp=sdp, signature=signature)


async def test_the_doorbell_proves_itself_and_speaks_first(rig: Rig) -> None:
    line = await rig.server.line()
    hello = await line.hear()
    assert isinstance(hello, Hello)
    token = line.token.removeprefix("Bearer ")
    assert verify_token(token, DOORBELL.public, "link", NOW_S)["iss"] == DOORBELL.id


async def test_unconfirmed_reports_are_said_again(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.welcome()
    for number in (1, 2):
        rig.link.report(opened(number))
    first, second = await line.hear(), await line.hear()
    assert isinstance(first, Report)
    await line.say(Confirmed(epoch=first.epoch, sequence=1))
    await line.socket.close()
    again = await rig.server.line()
    assert isinstance(await again.hear(), Hello)
    assert await again.hear() == second


async def test_what_happens_while_the_server_is_away_is_told_later(rig: Rig) -> None:
    line = await rig.server.line()
    await line.socket.close()
    rig.link.report(opened(7))
    again = await rig.server.line()
    assert isinstance(await again.hear(), Hello)
    report = await again.hear()
    assert isinstance(report, Report)
    assert report.what == opened(7)


async def test_a_slow_call_and_a_faulty_one_do_not_hold_up_others(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.say(offer("call-slow", "slow"))
    await line.say(offer("call-faulty", "faulty"))
    refused = await line.hear()
    assert isinstance(refused, CallRefused)
    assert refused.status == 500
    await line.say(offer("call-good"))
    assert await line.hear() == CallAnswer(call="call-good", sdp="answer")
    assert "not answered because of a fault" in caplog.text


async def test_only_what_the_gate_admits_reaches_the_calls(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.say(offer("call-0001"))
    await line.hear()
    assert [(admitted.call, admitted.phone) for admitted in rig.calls.offers] == [
        ("call-0001", ANNA)
    ]
    for signature in ("Eve", None):
        await line.say(offer("call-0002", signature=signature))
        refused = CallRefused(call="call-0002", status=403, detail="Only Anna comes in.")
        assert await line.hear() == refused
    assert len(rig.calls.offers) == 1


async def test_a_nonce_is_given_to_whoever_wants_one(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.say(ChallengeWanted(ask=7, phone=ANNA.id))
    challenge = CallChallenge(nonce="a" * 22, valid_s=30)
    assert await line.hear() == ChallengeGiven(ask=7, challenge=challenge)


async def test_members_are_told_with_the_hello_and_at_every_change(rig: Rig) -> None:
    line = await rig.server.line()
    hello = await line.hear()
    assert isinstance(hello, Hello)
    assert hello.members == ALONE
    rig.household.members = Members(phones=())
    rig.link.members_changed()
    assert await line.hear() == Members(phones=())
    await line.socket.close()
    rig.household.members = ALONE
    rig.link.members_changed()
    hello = await (await rig.server.line()).hear()
    assert isinstance(hello, Hello)
    assert hello.members == ALONE


async def test_farewells_are_told_when_the_server_has_heard_them(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.welcome()
    rig.household.members = Members(phones=(), forgotten=("b" * 26,))
    rig.link.members_changed()
    assert isinstance(await line.hear(), Members)
    await line.socket.close()
    again = await rig.server.line()
    await again.hear()
    # Said, and nobody knows yet whether it was heard.
    assert rig.household.told == []
    await again.welcome()
    rig.link.state(DOOR)
    await again.hear()
    await again.welcome()
    await again.say(ChallengeWanted(ask=1, phone=ANNA.id))
    await again.hear()
    assert rig.household.told == [("b" * 26,)]


async def test_everything_else_is_passed_on(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.say(CallCandidate(call="call-0001", candidate=""))
    await line.say(CallHangUp(call="call-0001"))
    hello = PairHello(device_id=DOORBELL.id, public_key="AAAA", nonce="AAAA", name="Anna")
    await line.say(PairStep(step=3, message=hello))
    reply = await line.hear()
    assert isinstance(reply, PairReply)
    assert reply.step == 3
    assert rig.calls.told == ["candidate call-0001", "hang up call-0001"]
    rig.link.state(DOOR)
    rig.link.call_ended("call-0001")
    assert await line.hear() == State(state=DOOR)
    assert await line.hear() == CallEnded(call="call-0001")


async def test_nonsense_is_ignored_and_the_link_goes_on(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    for frame in ("{", '{"type": "frob"}', '{"type": "call_hang_up", "call": "x"}'):
        await line.socket.send_str(frame)
    await line.socket.send_bytes(b"\x00")
    await line.say(offer("call-0001"))
    assert isinstance(await line.hear(), CallAnswer)
    assert rig.server.attempts == 1


async def test_a_frame_that_is_too_large_ends_this_connection_only(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.socket.send_str("x" * (LINK_FRAME_LIMIT_BYTES + 1))
    assert isinstance(await (await rig.server.line()).hear(), Hello)


async def test_faults_are_told_when_the_server_goes_and_comes(rig: Rig) -> None:
    line = await rig.server.line()
    await line.hear()
    await line.socket.close(code=1013, message=b"Come back later.")
    again = await rig.server.line()
    await again.welcome()
    rig.link.state(DOOR)
    await again.hear()
    await again.say(offer("call-0001"))
    while not isinstance(await again.hear(), CallAnswer):
        pass
    assert rig.faults == ["The server closed the link. Come back later.", None]
    assert rig.link.connected


async def test_a_refusal_is_a_fault_and_asked_again_slowly(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "REFUSED_RETRY_S", 0.05)
    line = await rig.server.line()
    await line.say(Refused(detail="Another doorbell lives here.", retry=False))
    await line.socket.close()
    await (await rig.server.line()).hear()
    assert rig.faults[0] == "The server refuses the doorbell: Another doorbell lives here."


async def test_retry_after_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "RETRY_AFTER_LIMIT_S", 0.3)
    calls, faults = Callee(), list[str | None]()
    async with link_server() as server:
        server.refusals.append(lambda: web.Response(status=503, headers={"Retry-After": "3600"}))
        link = a_link(server, calls, faults, Household())
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            life = group.create_task(link.run())
            await server.line()
            life.cancel()
        assert loop.time() - began >= 0.3
        assert "turns the doorbell away (503)" in str(faults[0])
