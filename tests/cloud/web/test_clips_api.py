"""Clips in ranges, as video elements fetch them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from cloud.app import Server
from cloud.shared.settings import Settings
from protocol.door import Clip
from protocol.link import Confirmed
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone
from tests.support.whole_server import serving_app

CLIP = bytes(range(256)) * 40
PATH = "/api/v1/visits/visit-0001/clip.mp4"


@pytest.fixture
async def watcher(
    settings: Settings, http: aiohttp.ClientSession, tmp_path: Path
) -> AsyncIterator[SigningPhone]:
    """A phone of a household whose visit has a clip."""
    server = Server(settings)
    async with serving_app(server) as url:
        phone = SigningPhone(url, http)
        bell = ScriptedDoorbell(url, http, phones=[known_phone(phone.identity)])
        async with bell.connected():
            await bell.open_visit("visit-0001", at_ms=1_700_000_000_000)
            await bell.hear(Confirmed)
            finished = tmp_path / "finished.mp4"
            finished.write_bytes(CLIP)
            await server.filing.keep(bell.id, "visit-0001", finished)
            clip = Clip(starts_ms=1, duration_ms=2, size_bytes=len(CLIP))
            await server.filing.clip_stored(bell.id, "visit-0001", clip)
            yield phone


async def test_the_whole_clip(watcher: SigningPhone) -> None:
    reply = await watcher.send("GET", watcher.media_path(PATH))
    assert (reply.status, reply.body) == (200, CLIP)
    assert reply.headers["Content-Type"] == "video/mp4"
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert "Content-Disposition" not in reply.headers
    head = await watcher.send("HEAD", watcher.media_path(PATH))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(CLIP))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-", 10_000, 10_240),
        ("bytes=-10", 10_230, 10_240),
        ("bytes=0-999999", 0, 10_240),
        ("bytes=-999999", 0, 10_240),
    ],
)
async def test_a_range(watcher: SigningPhone, asked: str, start: int, end: int) -> None:
    reply = await watcher.send("GET", watcher.media_path(PATH), headers={"Range": asked})
    assert (reply.status, reply.body) == (206, CLIP[start:end])
    assert reply.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CLIP)}"


@pytest.mark.parametrize("asked", ["bytes=20000-", "bytes=5-4", "bytes=-0"])
async def test_a_range_outside(watcher: SigningPhone, asked: str) -> None:
    reply = await watcher.send("GET", watcher.media_path(PATH), headers={"Range": asked})
    assert reply.problem.status == 416
    assert reply.headers["Content-Range"] == f"bytes */{len(CLIP)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "nonsense"])
async def test_what_is_no_single_range_means_the_whole(watcher: SigningPhone, asked: str) -> None:
    reply = await watcher.send("GET", watcher.media_path(PATH), headers={"Range": asked})
    assert (reply.status, reply.body) == (200, CLIP)


async def test_a_range_of_an_older_copy_means_the_whole(watcher: SigningPhone) -> None:
    etag = (await watcher.send("HEAD", watcher.media_path(PATH))).headers["ETag"]
    same = {"Range": "bytes=0-1", "If-Range": etag}
    other = {"Range": "bytes=0-1", "If-Range": '"another"'}
    target = watcher.media_path(PATH)
    assert (await watcher.send("GET", target, headers=same)).status == 206
    assert (await watcher.send("GET", target, headers=other)).status == 200


async def test_a_download_has_a_name(watcher: SigningPhone) -> None:
    reply = await watcher.send("GET", watcher.media_path(PATH) + "&download=1")
    name = 'attachment; filename="doorstep-2023-11-14-221320Z.mp4"'
    assert reply.headers["Content-Disposition"] == name


async def test_a_media_token_opens_one_address_only(watcher: SigningPhone) -> None:
    token = watcher.media_path(PATH).partition("?")[2]
    other = f"/api/v1/visits/visit-0001/snapshot.jpg?{token}"
    assert (await watcher.send("GET", other)).problem.status == 401
    assert (await watcher.send("GET", f"/api/v1/visits?{token}")).problem.status == 401
    assert (await watcher.send("GET", f"{PATH}?token=x.y.z")).problem.status == 401
    assert (await watcher.ask("GET", PATH)).status == 200
