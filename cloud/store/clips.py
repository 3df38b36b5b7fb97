"""Clips and pictures, on the file system or in any object store that `obstore` speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

# Large enough that reading from disk costs little, small enough for many readers at once.
_CHUNK_BYTES = 256 * 1024
# Other names would end the process inside the library instead of being refused. Keys are no
# settings: the library reads AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
_BUCKET_OPTIONS = frozenset({"endpoint", "region", "virtual_hosted_style_request"})


class StoreError(RuntimeError):
    """The object store did not do it; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known about an object; `etag` is quoted as in HTTP."""

    size_bytes: int
    etag: str
    modified: datetime


def clip_key(doorbell: str, visit: str) -> str:
    """Where the clip of a visit is kept."""
    return f"{doorbell}/{visit}/clip.mp4"


def snapshot_key(doorbell: str, visit: str) -> str:
    """Where the picture of a visit is kept."""
    return f"{doorbell}/{visit}/snapshot.jpg"


def preview_key(doorbell: str, visit: str) -> str:
    """Where the strip of small pictures of a visit's clip is kept."""
    return f"{doorbell}/{visit}/preview.jpg"


class ClipStore:
    """Objects by key. Every method raises StoreError when the store fails."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str, options: Mapping[str, str]) -> ClipStore:
        """The store at `file:///folder` (made when missing) or `s3://bucket/prefix`."""
        try:
            if url.startswith("file:"):
                folder = Path(url2pathname(urlsplit(url).path))
                return cls(LocalStore(folder, mkdir=True))
            return cls(_bucket(url, options))
        except (BaseError, OSError, ValueError) as error:
            raise StoreError(
                f"clips.url: {url} cannot be used. Check the address, its rights and clips.options."
            ) from error

    async def put(self, key: str, content: bytes | Path) -> None:
        """Store the bytes, or the whole file, under `key`; nobody ever reads half of it."""
        try:
            await obstore.put_async(self._store, key, content)
        except (BaseError, OSError) as error:
            raise StoreError(f"{key} could not be stored.") from error

    async def head(self, key: str) -> Stored | None:
        """Facts about an object; None when there is none."""
        try:
            meta = await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise StoreError(f"{key} could not be found.") from error
        return Stored(meta["size"], _quoted(meta["e_tag"] or ""), meta["last_modified"])

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`."""
        if start >= end:
            return
        try:
            result = await obstore.get_async(self._store, key, options={"range": (start, end)})
            async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)
        except (BaseError, OSError) as error:
            raise StoreError(f"{key} could not be read.") from error

    async def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StoreError(f"{key} could not be deleted.") from error


def _bucket(url: str, options: Mapping[str, str]) -> ObjectStore:
    if unknown := sorted(set(options) - _BUCKET_OPTIONS):
        raise ValueError(f"clips.options: {unknown[0]} is not known.")
    config: Any = dict(options)
    # Without TLS, on one's own network, only because the endpoint is written so.
    plain: Any = {"allow_http": options.get("endpoint", "").startswith("http://")}
    return from_url(url, config=config, client_options=plain)


def _quoted(etag: str) -> str:
    return etag if etag.endswith('"') else f'"{etag}"'
