"""The log at its chattiest holds ids and outcomes: no SDP, token, key, secret or name."""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from cloud.app import Options, Server
from cloud.shared import logs
from cloud.shared.settings import Settings
from protocol.calls import SIGNATURE_HEADER, CallChallenge
from protocol.door import ALL_RIGHTS
from protocol.identity import Identity
from protocol.jws import hash_of
from protocol.link import (
    CallAnswer,
    CallCandidate,
    CallHangUp,
    CallOffer,
    CallRefused,
    ChallengeGiven,
    ChallengeWanted,
    PairReply,
    PairStep,
    RecordToken,
)
from protocol.pairing import PairChallenge, Paired, PairHello, PairProof
from tests.support.autopush import Autopush
from tests.support.foreign_encoders import stock_aiortc
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone
from tests.support.told_phone import ToldPhone
from tests.support.whole_server import serving_app

PLANT = "planted"
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JSON = {"Content-Type": "application/json"}
NAMES = ("Zsofia Planted", "Villa Planted", "Ben Planted")
OFFER = (
    "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:plantedufrag\r\n"
    "a=ice-pwd:plantedpassword\r\na=fingerprint:sha-256 AB:CD:planted\r\n"
)
ADDRESS = "192.0.2.77"
VIEW_TOKEN = "dsv_abcdefgh_" + secrets.token_urlsafe(32)
RECORD_TOKEN = "dsr_abcdefgh_" + secrets.token_urlsafe(32)
SIGNATURE = f"{PLANT}.offer.signature"
LIMIT_S = 10.0


@dataclass
class LoggedPhone(SigningPhone):
    """Remembers every token that it made."""

    tokens: list[str] = field(default_factory=list)

    def token(self, method: str, target: str, body: bytes = b"", now_s: float | None = None) -> str:
        self.tokens.append(super().token(method, target, body, now_s))
        return self.tokens[-1]


@dataclass
class LoggedDoorbell(ScriptedDoorbell):
    """The same."""

    made: list[str] = field(default_factory=list)

    def token(self, purpose: str = "link", now_s: float | None = None) -> str:
        self.made.append(super().token(purpose, now_s))
        return self.made[-1]


@contextmanager
def log_of_a_server() -> Iterator[io.StringIO]:
    """What a server that was started with log.level = debug writes to its standard error."""
    root, written = logging.getLogger(), io.StringIO()
    kept, level = root.handlers[:], root.level
    root.handlers.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", written)
        logs.set_up("debug", {})
    try:
        yield written
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
        for name in ("cloud", "media", "protocol"):
            logging.getLogger(name).setLevel(logging.NOTSET)


@dataclass
class House:
    """Everybody who takes part."""

    server: Server
    bell: LoggedDoorbell
    zsofia: LoggedPhone
    ben: LoggedPhone
    service: Autopush
    log: io.StringIO

    def planted(self) -> list[str]:
        """All that must not be found."""
        keys = [who.identity.public.text for who in (self.bell, self.zsofia, self.ben)]
        tokens = [*self.zsofia.tokens, *self.ben.tokens, *self.bell.made]
        secret = [VIEW_TOKEN, RECORD_TOKEN, SIGNATURE, ADDRESS, hash_of(RECORD_TOKEN)]
        parts = [part for token in tokens for part in token.split(".")]
        return [PLANT, PLANT.title(), *NAMES, *keys, *tokens, *parts, *secret]


@pytest.fixture
async def house(settings: Settings, http: aiohttp.ClientSession) -> AsyncIterator[House]:
    with log_of_a_server() as log:
        server = Server(settings, Options(answer_timeout_s=0.3, push_over_http=True))
        async with serving_app(server) as url, Autopush() as service:
            zsofia, ben = LoggedPhone(url, http), LoggedPhone(url, http)
            bell = LoggedDoorbell(url, http, name=NAMES[1])
            bell.phones = [known_phone(zsofia.identity, NAMES[0])]
            bell.tokens = [RecordToken(id="abcdefgh", hash=hash_of(RECORD_TOKEN))]
            async with bell.connected():
                yield House(server, bell, zsofia, ben, service, log)


def clean(house: House, *expected: str) -> None:
    """Nothing planted was written, and what a line is for was."""
    text = house.log.getvalue()
    for wanted in expected:
        assert wanted in text
    found = [plant for plant in house.planted() if plant.lower() in text.lower()]
    assert found == []


async def test_a_signed_call(house: House) -> None:
    bell, phone = house.bell, house.zsofia
    base = f"/api/v1/doorbells/{bell.id}"
    async with asyncio.TaskGroup() as group:
        group.create_task(phone.ask("POST", f"{base}/challenge"))
        wanted = await bell.hear(ChallengeWanted)
        nonce = CallChallenge(nonce=f"{PLANT}nonce0123456789", valid_s=30)
        await bell.say(ChallengeGiven(ask=wanted.ask, challenge=nonce))
    signed = {SIGNATURE_HEADER: SIGNATURE}
    async with asyncio.TaskGroup() as group:
        group.create_task(phone.ask("POST", f"{base}/live", OFFER.encode(), SDP, signed))
        offer = await bell.hear(CallOffer)
        await bell.say(CallAnswer(call=offer.call, sdp=OFFER, signature=SIGNATURE))
    path = f"/api/v1/live/{offer.call}"
    for text in (f"a=candidate:1 1 UDP 9 {ADDRESS} 5000 typ host", "a=candidate:planted"):
        await phone.ask("PATCH", path, text.encode(), FRAGMENT)
    await bell.hear(CallCandidate)
    await phone.ask("DELETE", path)
    await bell.hear(CallHangUp)
    clean(house, f"[call {offer.call}] answered", f"[call {offer.call}] over", base)


async def test_refused_calls(house: House) -> None:
    bell, phone = house.bell, house.zsofia
    path = f"/api/v1/doorbells/{bell.id}/live"
    async with asyncio.TaskGroup() as group:
        signed = {SIGNATURE_HEADER: SIGNATURE}
        group.create_task(phone.ask("POST", path, OFFER.encode(), SDP, signed))
        offer = await bell.hear(CallOffer)
        words = f"{NAMES[0]} may not see this: {PLANT}."
        await bell.say(CallRefused(call=offer.call, status=403, detail=words))
    with_token = f"{path}?token={VIEW_TOKEN}"
    assert (await phone.send("POST", with_token, OFFER.encode(), {"Content-Type": SDP})).status
    await phone.ask("POST", path, OFFER.encode(), SDP, {SIGNATURE_HEADER: f"{PLANT} x"})
    await phone.send("GET", phone.media_path("/api/v1/visits/visit-0001/clip.mp4"))
    await house.ben.ask("GET", "/api/v1/doorbells")
    clean(house, f"POST {path} 403", f"POST {path} 504", f"POST {path} 400")


async def test_pairing(house: House) -> None:
    bell, ben = house.bell, house.ben
    key = ben.identity.public.text
    hello = PairHello(device_id=bell.id, public_key=key, nonce=f"{PLANT}nonce", name=NAMES[2])
    proof = PairProof(device_id=bell.id, pairing="pairing-1", proof=f"{PLANT:p<43}")
    challenge = PairChallenge(
        pairing="pairing-1", public_key=bell.identity.public.text, nonce=f"{PLANT}nonce",
        proof=f"{PLANT:p<43}",
    )  # fmt: skip
    paired = Paired(
        phone_id=ben.id, name=NAMES[2], public_key=key, doorbell_name=NAMES[1], rights=ALL_RIGHTS
    )
    for said, answer in ((hello, challenge), (proof, paired)):
        async with asyncio.TaskGroup() as group:
            body = said.model_dump_json().encode()
            group.create_task(ben.send("POST", "/api/v1/pairing", body, JSON))
            step = await bell.hear(PairStep)
            await bell.say(PairReply(step=step.step, reply=answer))
    await ben.send("POST", "/api/v1/pairing", b'{"type":"planted","planted":1}', JSON)
    clean(house, f"phone {ben.id} is paired with doorbell {bell.id}", "/api/v1/pairing 400")


async def test_recording_with_a_token(house: House) -> None:
    path = f"/api/v1/doorbells/{house.bell.id}/recordings"
    async with aiohttp.ClientSession(house.bell.url) as client:
        async with stock_aiortc(client, path, RECORD_TOKEN) as location:
            await asyncio.sleep(1)
            bearer = {"Authorization": f"Bearer {RECORD_TOKEN}"}
            async with client.delete(location, headers=bearer) as ended:
                assert ended.status == 200
        headers = {**bearer, "Content-Type": SDP}
        async with client.post(path, data=OFFER, headers=headers) as refused:
            assert refused.status >= 400
        wrong = {"Authorization": f"Bearer dsr_{PLANT}"}
        async with client.post(f"{path}?token={RECORD_TOKEN}", headers=wrong) as refused:
            assert refused.status == 401
    clean(house, "recording of visit", f"POST {path} 401")


async def test_pushes_and_their_failures(house: House) -> None:
    told = ToldPhone(house.zsofia, house.service)
    await told.turn_on()
    house.service.answers.append((400, {}))
    await house.bell.open_visit("visit-0001")
    await house.bell.ring("visit-0001")
    await told.next_push()
    house.bell.phones, house.bell.forgotten = (), (house.zsofia.id,)
    await house.bell.tell_members()
    assert (await told.next_push(1)).data.change == "farewell"
    async with asyncio.timeout(LIMIT_S):
        while await house.server.roster.farewells():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)
    clean(
        house,
        "refused a message: HTTP 400",
        f"phone {house.zsofia.id} is no longer paired with doorbell {house.bell.id}",
        f"phone {house.zsofia.id} told that it was taken out",
    )


async def test_a_database_that_breaks(house: House) -> None:
    """The traceback in the log does not repeat what was to be written."""
    async with house.server.database.write() as writing:
        for table in ("push_targets", "phones"):
            await writing.exec_driver_sql(
                f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'no room for it'); END"
            )
    endpoint = f"https://push.example/{PLANT}"
    target = {"type": "webpush", "endpoint": endpoint, "p256dh": PLANT, "auth": PLANT}
    body = f'{{"target": {target}}}'.replace("'", '"').encode()
    broken = await house.zsofia.ask("POST", "/api/v1/push/subscriptions", body)
    assert broken.status >= 500
    await house.bell.say(house.bell.members())
    assert (await house.bell.closing())[0] == 1013
    clean(house, "Traceback", "no room for it", "the members could not be kept")


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"planted\\nplanted"}',
        '{"type":"state","state":{"lock":"planted","light":"off"}}',
        '{"type":"state","state":{"lock":"locked","light":"off"},"planted\\n":1}',
        '{"type":"call_ended","call":"planted\\n"}',
        '{"planted',
    ],
)
async def test_a_doorbells_nonsense(house: House, frame: str) -> None:
    assert house.bell.socket is not None
    await house.bell.socket.send_str(frame)
    assert (await house.bell.closing())[0] == 4400
    clean(house, f"[link {house.bell.id}] closed: ")


async def test_a_link_that_is_refused(house: House) -> None:
    stranger = LoggedDoorbell(house.bell.url, house.bell.http, Identity.generate(), NAMES[1])
    stranger.socket = await stranger.dial()
    await stranger.say(stranger.hello())
    assert (await stranger.closing())[0] == 4403
    house.bell.made += stranger.made
    clean(house, f"[link {stranger.id}] closed")
