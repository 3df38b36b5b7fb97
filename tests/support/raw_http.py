"""HTTP as bytes over a socket, for what no client library would send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_S = 10.0


@dataclass
class RawReply:
    """Everything that came until the server closed or `PATIENCE_S` was over."""

    data: bytes
    closed: bool
    statuses: list[int] = field(init=False)

    def __post_init__(self) -> None:
        lines = (line for line in self.data.split(b"\r\n") if line.startswith(b"HTTP/1.1 "))
        self.statuses = [int(line.split()[1]) for line in lines]


async def raw(url: str, *pieces: bytes, patience_s: float = PATIENCE_S) -> RawReply:
    """Send the pieces and read until the server closes; it is asked to by `Connection: close`."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    data = bytearray()
    closed = False
    try:
        async with asyncio.timeout(patience_s):
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                while chunk := await reader.read(65536):
                    data += chunk
                closed = True
            except ConnectionError:
                closed = True
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()
    return RawReply(bytes(data), closed)


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """One request that ends its connection."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
