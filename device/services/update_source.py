"""Where updates come from: a folder on some web server, which is trusted with nothing.

Everything is signed by a key that the server does not have, so all it can do is to send nothing,
or too much.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import aiohttp

from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.jws import JWS_LIMIT_BYTES
from protocol.updates import (
    BUNDLE_MAGIC,
    Manifest,
    System,
    UpdateTrouble,
    manifest_name,
    read_manifest,
)

# For a connection and for every silence; the whole of a download may take an hour on a bad line.
ANSWER_LIMIT_S = 30.0
PIECE_BYTES = 256 * 1024

Percent = Callable[[int], None]
Pause = Callable[[], Awaitable[None]]


class NoUpdateError(RuntimeError):
    """There is no update, for this reason; one sentence with the remedy."""

    def __init__(self, trouble: UpdateTrouble, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Offer:
    """A signed manifest, as text and as what it says."""

    signed: str
    manifest: Manifest

    @property
    def size(self) -> int:
        """Of the whole bundle, in bytes."""
        return len(BUNDLE_MAGIC) + len(self.signed) + 1 + self.manifest.size


class UpdateSource:
    """`trust` replaces the system's certificates. Methods raise NoUpdateError and OSError."""

    def __init__(self, url: str, system: System, trust: ssl.SSLContext | None = None) -> None:
        self._url, self._system = url, system
        self._trust: ssl.SSLContext | bool = trust or True

    async def newest(self, keys: tuple[PublicKey, ...]) -> Offer | None:
        """What is offered for this system; None when nothing is."""
        name = manifest_name(self._system.suite, self._system.architecture)
        try:
            async with self._http() as http, http.get(f"{self._url}/{name}") as answer:
                if answer.status == 404:
                    return None
                answer.raise_for_status()
                raw = await _all_of(answer.content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _away() from error
        return self._offer_in(raw, keys)

    async def download(self, offer: Offer, to: Path, percent: Percent, pause: Pause) -> None:
        """Fetch the bundle into `to`, going on where an earlier try broke off.

        `pause` is awaited before every piece. The content is not checked, its length is.
        """
        have = _size_of(to, offer.size)
        if have == offer.size:
            return
        address = f"{self._url}/{offer.manifest.file_name}"
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            async with self._http() as http, http.get(address, headers=headers) as answer:
                answer.raise_for_status()
                goes_on = have > 0 and answer.status == 206
                with to.open("ab" if goes_on else "wb") as file:
                    await _receive(answer, file, have if goes_on else 0, offer.size, percent, pause)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise _away() from error

    def _http(self) -> aiohttp.ClientSession:
        limit = aiohttp.ClientTimeout(
            total=None, sock_connect=ANSWER_LIMIT_S, sock_read=ANSWER_LIMIT_S
        )
        connector = aiohttp.TCPConnector(ssl=self._trust, limit=1)
        return aiohttp.ClientSession(timeout=limit, connector=connector, auto_decompress=False)

    def _offer_in(self, raw: bytes, keys: tuple[PublicKey, ...]) -> Offer:
        signed = raw.decode("ascii", "replace").strip()
        try:
            manifest = read_manifest(signed, keys)
        except RemoteProtocolError as error:
            raise NoUpdateError(
                "signature",
                f"What is offered is not signed as it has to be ({str(error).rstrip('.')})."
                " Nothing is installed; check updates.url.",
            ) from error
        if refusal := self._system.refusal_of(manifest):
            raise NoUpdateError("wrong_system", refusal)
        return Offer(signed, manifest)


async def _all_of(content: aiohttp.StreamReader) -> bytes:
    """As much as a manifest can have."""
    raw = b""
    while len(raw) <= JWS_LIMIT_BYTES and (piece := await content.read(JWS_LIMIT_BYTES)):
        raw += piece
    return raw


def _size_of(path: Path, most: int) -> int:
    """What an earlier try has left; something longer is not a part of it, and goes."""
    if not path.exists():
        return 0
    size = path.stat().st_size
    if size > most:
        path.unlink()
        return 0
    return size


async def _receive(
    answer: aiohttp.ClientResponse, file: BinaryIO, have: int, size: int, percent: Percent,
    pause: Pause,
) -> None:  # fmt: skip
    while True:
        await pause()
        piece = await answer.content.read(PIECE_BYTES)
        if not piece:
            break
        have += len(piece)
        if have > size:
            raise NoUpdateError(
                "broken", "The update is longer than it should be. It is downloaded anew later."
            )
        await asyncio.to_thread(file.write, piece)
        percent(have * 100 // size)
    if have < size:
        raise _away()


def _away() -> NoUpdateError:
    return NoUpdateError(
        "network",
        "Where updates come from cannot be reached. Check the network and updates.url; the doorbell"
        " tries again by itself.",
    )
