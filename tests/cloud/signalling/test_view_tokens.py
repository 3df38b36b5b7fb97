"""Other software looks with a view token; the server carries it and leaves the judgement."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import aiohttp
import av
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack

from cloud.shared.settings import Settings
from protocol.calls import SIGNATURE_HEADER
from protocol.identity import Identity
from protocol.link import CallAnswer, CallCandidate, CallHangUp, CallOffer, CallRefused
from tests.support.scripted_doorbell import PATIENCE_S, ScriptedDoorbell
from tests.support.signing_phone import Reply, SigningPhone

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
OFFER = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"
TOKEN = "dsv_abcdefgh_" + "s" * 43
OTHER = "dsv_abcdefgh_" + "t" * 43
PLAIN = {"Content-Type": SDP}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def live(doorbell: str, query: str = "") -> str:
    return f"/api/v1/doorbells/{doorbell}/live{query}"


async def call(
    doorbell: ScriptedDoorbell, phone: SigningPhone, query: str = "", **headers: str
) -> tuple[CallOffer, Reply]:
    """A call of a player that knows nothing of us."""
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(
            phone.send("POST", live(doorbell.id, query), OFFER.encode(), {**PLAIN, **headers})
        )
        offer = await doorbell.hear(CallOffer)
        await doorbell.say(CallAnswer(call=offer.call, sdp="v=0\r\nanswer\r\n"))
    return offer, asking.result()


@pytest.mark.parametrize("place", ["address", "header"])
async def test_a_token_reaches_the_doorbell_and_nobody_else(
    doorbell: ScriptedDoorbell, phone: SigningPhone, settings: Settings, place: str
) -> None:
    if place == "address":
        offer, reply = await call(doorbell, phone, f"?token={TOKEN}")
    else:
        offer, reply = await call(doorbell, phone, **bearer(TOKEN))
    assert (offer.view_token, offer.signature, offer.answers) == (TOKEN, None, None)
    assert (reply.status, reply.body) == (201, b"v=0\r\nanswer\r\n")
    assert SIGNATURE_HEADER not in reply.headers
    kept = b"".join(f.read_bytes() for f in files_in(settings.state.directory))
    assert doorbell.id.encode() in kept
    assert TOKEN[13:].encode() not in kept


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_doorbells_refusal_reaches_the_player(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    async with asyncio.TaskGroup() as group:
        path = live(doorbell.id, f"?token={TOKEN}")
        asking = group.create_task(phone.send("POST", path, OFFER.encode(), PLAIN))
        offer = await doorbell.hear(CallOffer)
        refused = CallRefused(call=offer.call, status=403, detail="The token was revoked.")
        await doorbell.say(refused)
    assert asking.result().problem.detail == "The token was revoked."
    assert asking.result().status == 403
    assert asking.result().headers["Access-Control-Allow-Origin"] == "*"


async def test_other_sites_players_can_read_every_refusal(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    query = f"?token={TOKEN}"
    unknown = f"/api/v1/live/call-unknown{query}"
    for method, path, body, kind, status in (
        ("POST", live(doorbell.id, "?token=x"), OFFER, SDP, 401),
        ("POST", live(doorbell.id, query), OFFER, "text/plain", 415),
        ("POST", live(doorbell.id, query), "no SDP", SDP, 400),
        ("POST", live(Identity.generate().id, query), OFFER, SDP, 404),
        ("PATCH", unknown, "a=end-of-candidates", FRAGMENT, 404),
        ("DELETE", unknown, "", "", 404),
        ("POST", live(doorbell.id, query), OFFER, SDP, 504),
    ):
        headers = {"Content-Type": kind} if kind else {}
        reply = await phone.send(method, path, body.encode(), headers)
        assert (path, reply.status) == (path, status)
        assert reply.problem.detail
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]


async def test_only_the_same_token_may_touch_the_call(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    offer, reply = await call(doorbell, phone, f"?token={TOKEN}")
    path = f"/api/v1/live/{offer.call}"
    assert reply.headers["Location"] == f"{phone.url}{path}?token={TOKEN}"
    fragment, kind = b"a=ice-ufrag:abcd\r\na=end-of-candidates\r\n", {"Content-Type": FRAGMENT}
    for method, body, headers in (("PATCH", fragment, kind), ("DELETE", b"", {})):
        assert (await phone.send(method, path, body, headers)).status == 401
        for query, more in ((f"?token={OTHER}", {}), ("", bearer(OTHER))):
            refused = await phone.send(method, path + query, body, {**headers, **more})
            assert (refused.status, refused.problem.title) == (404, "Unknown call")
        signed = await phone.ask(method, path, body, FRAGMENT)
        assert signed.problem.title == "Unknown call"
    carried = await phone.send("PATCH", path, fragment, {**kind, **bearer(TOKEN)})
    assert carried.status == 204
    assert (await doorbell.hear(CallCandidate)).call == offer.call
    assert (await phone.send("DELETE", f"{path}?token={TOKEN}")).status == 200
    assert await doorbell.hear(CallHangUp) == CallHangUp(call=offer.call)


async def test_a_token_cannot_touch_a_phones_call(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    signed = {SIGNATURE_HEADER: "a.b.c"}
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(
            phone.ask("POST", live(doorbell.id), OFFER.encode(), SDP, signed)
        )
        offer = await doorbell.hear(CallOffer)
        await doorbell.say(CallAnswer(call=offer.call, sdp="v=0"))
    assert asking.result().status == 201
    path = f"/api/v1/live/{offer.call}"
    for token in (TOKEN, ""):
        refused = await phone.send("DELETE", f"{path}?token={token}")
        assert refused.status in (401, 404)
    assert (await phone.ask("DELETE", path)).status == 200


@pytest.mark.parametrize(
    "token",
    ["", "x", "dsv_", "dsr_abcdefgh_" + "s" * 43, TOKEN + "s", TOKEN[:-1], TOKEN.upper()],
)
async def test_what_cannot_be_a_view_token_is_refused_at_once(
    doorbell: ScriptedDoorbell, phone: SigningPhone, token: str
) -> None:
    reply = await phone.send("POST", live(doorbell.id, f"?token={token}"), OFFER.encode(), PLAIN)
    assert (reply.status, reply.problem.title) == (401, "Not signed in")
    assert "view token" in reply.problem.detail
    offer, _ = await call(doorbell, phone, f"?token={TOKEN}")
    assert offer.view_token == TOKEN


async def test_a_media_token_of_a_phone_places_no_call(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    path = phone.media_path(live(doorbell.id))
    assert (await phone.send("POST", path, OFFER.encode(), PLAIN)).status == 401


async def test_a_view_token_opens_nothing_else(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    for method, path in (
        ("GET", "/api/v1/doorbells"),
        ("GET", "/api/v1/visits"),
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/ice-servers"),
        ("GET", "/api/v1/visits/visit-0001/clip.mp4"),
        ("POST", f"/api/v1/doorbells/{doorbell.id}/challenge"),
        ("POST", f"/api/v1/doorbells/{doorbell.id}/recordings"),
    ):
        assert (await phone.send(method, path, headers=bearer(TOKEN))).status == 401
        assert (await phone.send(method, f"{path}?token={TOKEN}")).status == 401


async def test_a_token_answers_no_ring_and_finds_no_unknown_doorbell(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    query = f"?token={TOKEN}"
    path = live(doorbell.id, query + "&answers=visit-0001")
    reply = await phone.send("POST", path, OFFER.encode(), PLAIN)
    assert (reply.status, reply.problem.title) == (403, "Not allowed")
    unknown = live(Identity.generate().id, query)
    reply = await phone.send("POST", unknown, OFFER.encode(), PLAIN)
    assert (reply.status, reply.problem.title) == (404, "Unknown doorbell")


async def test_strangers_with_many_tokens_leave_room_for_the_household(
    doorbell: ScriptedDoorbell, phone: SigningPhone
) -> None:
    made = [f"dsv_abcdefgh_{secrets.token_urlsafe(32)}" for _ in range(8)]
    for token in made:
        assert (await call(doorbell, phone, f"?token={token}"))[1].status == 201
    path = live(doorbell.id, f"?token={TOKEN}")
    ninth = await phone.send("POST", path, OFFER.encode(), PLAIN)
    assert (ninth.status, ninth.headers["Retry-After"]) == (503, "5")
    async with asyncio.TaskGroup() as group:
        signed = {SIGNATURE_HEADER: "a.b.c"}
        asking = group.create_task(
            phone.ask("POST", live(doorbell.id), OFFER.encode(), SDP, signed)
        )
        offer = await doorbell.hear(CallOffer)
        await doorbell.say(CallAnswer(call=offer.call, sdp="v=0"))
    assert asking.result().status == 201


async def test_an_ordinary_player_gets_a_picture(
    doorbell: ScriptedDoorbell, http: aiohttp.ClientSession
) -> None:
    """aiortc as it comes, at an address with a token, as go2rtc has it; nothing of ours."""
    player = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    camera = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        player.addTransceiver("video", direction="recvonly")
        await player.setLocalDescription(await player.createOffer())
        url = f"{doorbell.url}{live(doorbell.id, f'?token={TOKEN}')}"
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(answer_with(camera, doorbell))
            async with http.post(url, data=player.localDescription.sdp, headers=PLAIN) as posted:
                assert posted.status == 201
                answer = RTCSessionDescription(await posted.text(), "answer")
                location = posted.headers["Location"]
        await player.setRemoteDescription(answer)
        async with asyncio.timeout(PATIENCE_S):
            frame = await player.getReceivers()[0].track.recv()
        assert isinstance(frame, av.VideoFrame)
        async with http.delete(location) as ended:
            assert ended.status == 200
        assert await doorbell.hear(CallHangUp) == CallHangUp(call=answering.result())
    finally:
        await player.close()
        await camera.close()


async def answer_with(camera: RTCPeerConnection, doorbell: ScriptedDoorbell) -> str:
    """Take the next call with a picture; the call's id."""
    offer = await doorbell.hear(CallOffer)
    await camera.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
    camera.addTrack(VideoStreamTrack())
    await camera.setLocalDescription(await camera.createAnswer())
    await doorbell.say(CallAnswer(call=offer.call, sdp=camera.localDescription.sdp))
    return offer.call
