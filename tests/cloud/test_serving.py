"""The socket that everything is served on."""

from __future__ import annotations

import asyncio
import socket

from cloud.serving import listen

LIMIT_S = 5.0


async def test_small_answers_are_sent_at_once() -> None:
    """Without TCP_NODELAY each of them would wait for the last one's acknowledgement."""
    accepted: asyncio.Queue[int] = asyncio.Queue()

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours = writer.get_extra_info("socket")
        accepted.put_nowait(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listen("127.0.0.1", 0) as sock:
        async with await asyncio.start_server(greet, sock=sock):
            _, writer = await asyncio.open_connection(*sock.getsockname())
            assert await asyncio.wait_for(accepted.get(), LIMIT_S)
            writer.close()
            await writer.wait_closed()
