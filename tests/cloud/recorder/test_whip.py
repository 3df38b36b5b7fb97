"""The recorder's HTTP side: what RFC 9725 promises, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCPeerConnection

from cloud.recorder.ports import Limits
from cloud.recorder.recorder import Recorder
from media.peer import accept_answer, connected, make_offer, open_peer
from protocol.base import SDP_LIMIT_BYTES
from tests.support.coded_video import visit_frames
from tests.support.recorder_rig import (
    GOOD,
    STRANGER,
    Encoder,
    Shelf,
    encoding,
    endpoint,
    new_recorder,
    serving,
)

VISIT = "visit-0001"
SDP = {**GOOD, "Content-Type": "application/sdp"}
FRAGMENT = {**GOOD, "Content-Type": "application/trickle-ice-sdpfrag"}
CANDIDATE = "a=mid:0\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host\r\n"


@pytest.fixture
async def pc() -> AsyncIterator[RTCPeerConnection]:
    pc = open_peer()
    yield pc
    await pc.close()


@pytest.fixture
def recorder(spool: Path, shelf: Shelf) -> Recorder:
    return new_recorder(spool, shelf, Limits(sessions=2))


@pytest.fixture
async def client(recorder: Recorder) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving(recorder) as client:
        yield client


@pytest.fixture
async def encoder(client: aiohttp.ClientSession) -> AsyncIterator[Encoder]:
    async with encoding(client, VISIT, visit_frames(1)) as encoder:
        yield encoder


async def offer_of(pc: RTCPeerConnection, *kinds: str, direction: str = "sendonly") -> str:
    for kind in kinds:
        pc.addTransceiver(kind, direction=direction)
    return await make_offer(pc)


async def refused(reply: aiohttp.ClientResponse, status: int) -> str:
    """The sentence of a refusal, checked to be a problem that any page may read."""
    assert reply.status == status, await reply.text()
    assert reply.content_type == "application/problem+json"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    problem = await reply.json()
    assert problem["status"] == status
    return str(problem["detail"])


async def test_a_session_is_created(client: aiohttp.ClientSession, pc: RTCPeerConnection) -> None:
    offer = await offer_of(pc, "video", "audio")
    async with client.post(endpoint(VISIT), data=offer, headers=SDP) as reply:
        assert reply.status == 201
        assert reply.content_type == "application/sdp"
        answer = await reply.text()
        assert reply.headers["Location"].startswith(f"{reply.url.origin()}/api/v1/recordings/")
        assert reply.headers["ETag"].startswith('"')
        assert reply.headers["Link"] == '<stun:stun.example.org>; rel="ice-server"'
        assert "Location" in reply.headers["Access-Control-Expose-Headers"]
    assert answer.count("a=recvonly") == 2
    assert "a=candidate" in answer
    assert "VP8" not in answer
    await accept_answer(pc, answer)
    await connected(pc)


async def test_other_encoders_need_no_visit(
    client: aiohttp.ClientSession, pc: RTCPeerConnection, recorder: Recorder
) -> None:
    offer = await offer_of(pc, "video")
    async with client.post(endpoint(None), data=offer, headers=SDP) as reply:
        assert reply.status == 201
    assert recorder.active == 1


async def test_session_addresses_cannot_be_guessed(encoder: Encoder) -> None:
    assert len(encoder.location.rpartition("/")[2]) >= 24


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_there_is_nothing_to_read(client: aiohttp.ClientSession, method: str) -> None:
    async with client.request(method, endpoint(VISIT)) as reply:
        assert reply.status == 204


async def test_options_say_what_can_be_posted(client: aiohttp.ClientSession) -> None:
    async with client.options(endpoint(VISIT)) as reply:
        assert reply.status == 200
        assert reply.headers["Accept-Post"] == "application/sdp"
        assert "POST" in reply.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
        assert "Doorstep-Starts" in reply.headers["Access-Control-Allow-Headers"]


async def test_options_of_a_session_allow_patch(encoder: Encoder) -> None:
    async with encoder.client.options(encoder.location) as reply:
        assert reply.status == 200
        assert "PATCH" in reply.headers["Access-Control-Allow-Methods"]


async def test_without_a_token_nothing_happens(client: aiohttp.ClientSession) -> None:
    async with client.post(
        endpoint(VISIT), data="v=0", headers={"Content-Type": "application/sdp"}
    ) as reply:
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        await refused(reply, 401)


async def test_a_token_of_someone_else_is_refused(client: aiohttp.ClientSession) -> None:
    bad = {**SDP, "Authorization": "Bearer bad"}
    async with client.post(endpoint(VISIT), data="v=0", headers=bad) as reply:
        await refused(reply, 401)
    async with client.post(endpoint(VISIT, STRANGER), data="v=0", headers=SDP) as reply:
        await refused(reply, 403)


async def test_another_media_type_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.post(endpoint(VISIT), json={"sdp": "v=0"}, headers=GOOD) as reply:
        assert reply.headers["Accept-Post"] == "application/sdp"
        await refused(reply, 415)


@pytest.mark.parametrize("visit", ["short", "Has-Capitals-1", "../../../../etc"])
async def test_a_malformed_visit_is_refused(client: aiohttp.ClientSession, visit: str) -> None:
    async with client.post(endpoint(visit), data="v=0", headers=SDP) as reply:
        assert "visit" in await refused(reply, 400)


@pytest.mark.parametrize("starts", ["soon", "-5", "1e12", "99999999999999"])
async def test_a_malformed_start_is_refused(client: aiohttp.ClientSession, starts: str) -> None:
    headers = {**SDP, "Doorstep-Starts": starts}
    async with client.post(endpoint(VISIT), data="v=0", headers=headers) as reply:
        assert "milliseconds" in await refused(reply, 400)


async def test_an_oversize_offer_is_refused(
    client: aiohttp.ClientSession, recorder: Recorder
) -> None:
    large = "v=0\r\n" + "a=x\r\n" * (SDP_LIMIT_BYTES // 5)
    async with client.post(endpoint(VISIT), data=large, headers=SDP) as reply:
        await refused(reply, 413)
    assert recorder.active == 0


@pytest.mark.parametrize(
    "offer",
    [
        b"",
        b"hello",
        b"v=0\r\n",
        b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        b"v=0\r\nm=video\r\n",
        b"\xff\xfe\x00",
    ],
    ids=["empty", "text", "no media", "no ice", "cut", "no text"],
)
async def test_bad_sdp_is_refused_and_changes_nothing(
    client: aiohttp.ClientSession, recorder: Recorder, offer: bytes
) -> None:
    async with client.post(endpoint(VISIT), data=offer, headers=SDP) as reply:
        assert reply.status in (400, 422)
        await refused(reply, reply.status)
    assert recorder.active == 0


@pytest.mark.parametrize(
    ("kinds", "direction"),
    [(("audio",), "sendonly"), (("video", "audio"), "recvonly")],
    ids=["no video", "nothing sent"],
)
async def test_offers_without_pictures_are_refused(
    client: aiohttp.ClientSession, pc: RTCPeerConnection, kinds: tuple[str, ...], direction: str
) -> None:
    offer = await offer_of(pc, *kinds, direction=direction)
    async with client.post(endpoint(VISIT), data=offer, headers=SDP) as reply:
        await refused(reply, 422)


async def test_an_offer_with_data_is_refused(
    client: aiohttp.ClientSession, pc: RTCPeerConnection
) -> None:
    pc.createDataChannel("control")
    offer = await offer_of(pc, "video")
    async with client.post(endpoint(VISIT), data=offer, headers=SDP) as reply:
        await refused(reply, 422)


async def test_another_codec_is_refused(
    client: aiohttp.ClientSession, pc: RTCPeerConnection, recorder: Recorder
) -> None:
    offer = (await offer_of(pc, "video")).replace("H264/90000", "VP9/90000")
    async with client.post(endpoint(VISIT), data=offer, headers=SDP) as reply:
        assert "H.264" in await refused(reply, 422)
    assert recorder.active == 0


async def test_a_full_recorder_asks_to_come_back(
    client: aiohttp.ClientSession, pc: RTCPeerConnection
) -> None:
    offer = await offer_of(pc, "video")
    for number in range(2):
        async with client.post(endpoint(f"visit-{number:04}"), data=offer, headers=SDP) as reply:
            assert reply.status == 201
    async with client.post(endpoint("visit-9999"), data=offer, headers=SDP) as reply:
        assert int(reply.headers["Retry-After"]) > 0
        await refused(reply, 503)


async def test_candidates_are_taken(encoder: Encoder) -> None:
    for tag in (encoder.etag, encoder.etag.strip('"'), None):
        headers = FRAGMENT if tag is None else {**FRAGMENT, "If-Match": tag}
        async with encoder.client.patch(encoder.location, data=CANDIDATE, headers=headers) as reply:
            assert reply.status == 204
            assert "ETag" not in reply.headers
            assert await reply.read() == b""


async def test_a_stale_etag_is_refused(encoder: Encoder) -> None:
    headers = {**FRAGMENT, "If-Match": '"other"'}
    async with encoder.client.patch(encoder.location, data=CANDIDATE, headers=headers) as reply:
        await refused(reply, 412)


async def test_ice_is_not_restarted(encoder: Encoder) -> None:
    restart = "a=ice-ufrag:anew\r\na=ice-pwd:0123456789012345678901\r\n"
    headers = {**FRAGMENT, "If-Match": "*"}
    async with encoder.client.patch(encoder.location, data=restart, headers=headers) as reply:
        assert "new session" in await refused(reply, 422)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{}", 400), (b"a=candidate:nonsense\r\n", 400), (b"a=x\r\n" * 9000, 413)],
    ids=["empty", "json", "nonsense", "oversize"],
)
async def test_bad_fragments_are_refused(encoder: Encoder, body: bytes, status: int) -> None:
    async with encoder.client.patch(encoder.location, data=body, headers=FRAGMENT) as reply:
        await refused(reply, status)
    assert encoder.pc.connectionState == "connected"


async def test_a_fragment_of_another_type_is_refused(encoder: Encoder) -> None:
    async with encoder.client.patch(encoder.location, data=CANDIDATE, headers=SDP) as reply:
        await refused(reply, 415)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_session_belongs_to_its_token(encoder: Encoder, method: str) -> None:
    for headers in ({}, {"Authorization": "Bearer bad"}):
        async with encoder.client.request(method, encoder.location, headers=headers) as reply:
            await refused(reply, 401)


async def test_an_ended_session_is_gone(encoder: Encoder) -> None:
    assert await encoder.stop() == 200
    assert await encoder.stop() == 404
    async with encoder.client.patch(encoder.location, data=CANDIDATE, headers=FRAGMENT) as reply:
        await refused(reply, 404)


async def test_before_its_life_the_recorder_asks_to_come_back(
    client: aiohttp.ClientSession, recorder: Recorder, pc: RTCPeerConnection
) -> None:
    recorder._group = None
    offer = await offer_of(pc, "video")
    async with client.post(endpoint(VISIT), data=offer, headers=SDP) as reply:
        assert "Retry-After" in reply.headers
        await refused(reply, 503)
