"""A whole server under uvicorn, in the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cloud.app import Options, Server
from cloud.serving import listen, uvicorn_for
from cloud.shared.settings import Settings

_START_LIMIT_S = 10.0


@asynccontextmanager
async def serving(settings: Settings, options: Options | None = None) -> AsyncIterator[str]:
    """A server for the time of the block; its address."""
    async with serving_app(Server(settings, options or Options())) as url:
        yield url


@asynccontextmanager
async def serving_app(server: Server) -> AsyncIterator[str]:
    """The same for a server that the test wants to reach into."""
    ready = asyncio.Event()
    uvicorn_server = uvicorn_for(server, ready.set)
    with listen("127.0.0.1", 0) as sock:
        async with asyncio.TaskGroup() as group:
            # The inner method: `serve` would take over the test runner's signals.
            task = group.create_task(uvicorn_server._serve(sockets=[sock]))
            try:
                async with asyncio.timeout(_START_LIMIT_S):
                    await ready.wait()
                yield f"http://127.0.0.1:{sock.getsockname()[1]}"
            finally:
                uvicorn_server.should_exit = True
                await asyncio.wait({task})
