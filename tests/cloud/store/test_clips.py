"""Clips on the file system and in a bucket: the same promises, whatever the setting says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud.store.clips import ClipStore, StoreError, clip_key
from tests.support.object_store import bucket

KEY = clip_key("doorbell", "visit-0001")
# Over the size from which an object store takes an upload in parts.
LONG_CLIP = bytes(range(256)) * 64 * 1024


@pytest.fixture(params=["file", "s3"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClipStore]:
    if request.param == "file":
        yield ClipStore.open((tmp_path / "clips").as_uri(), {})
        return
    async with bucket() as served:
        _sign_as(served.key_id, monkeypatch)
        yield ClipStore.open("s3://clips", served.options)


def _sign_as(key_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


async def read(store: ClipStore, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(KEY, start, end)])


async def test_what_was_put_is_found_and_read_in_pieces(store: ClipStore) -> None:
    await store.put(KEY, b"0123456789")
    found = await store.head(KEY)
    assert found is not None
    assert found.size_bytes == 10
    assert found.etag.startswith('"')
    assert await read(store, 0, 10) == b"0123456789"
    assert await read(store, 3, 6) == b"345"
    assert await read(store, 5, 5) == b""


async def test_a_long_clip_is_put_from_its_file(store: ClipStore, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(LONG_CLIP)
    await store.put(KEY, file)
    assert await read(store, 0, len(LONG_CLIP)) == LONG_CLIP


async def test_what_is_not_there_is_said_so(store: ClipStore) -> None:
    assert await store.head(KEY) is None
    await store.delete(KEY)
    with pytest.raises(StoreError, match="could not be read"):
        await read(store, 0, 1)


async def test_what_was_deleted_is_gone(store: ClipStore) -> None:
    await store.put(KEY, b"x")
    await store.delete(KEY)
    assert await store.head(KEY) is None


def test_an_option_that_is_not_known_is_refused() -> None:
    with pytest.raises(StoreError, match="options"):
        ClipStore.open("s3://clips", {"timeout": "5s"})


async def test_a_bucket_that_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bucket() as served:
        _sign_as("other", monkeypatch)
        stranger = ClipStore.open("s3://clips", served.options)
        with pytest.raises(StoreError, match="could not be stored"):
            await stranger.put(KEY, b"x")
    assert served.objects == {}
