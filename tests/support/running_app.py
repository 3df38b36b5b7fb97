"""A real server on a port of the system's choice, in this event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

START_LIMIT_S = 10.0


@asynccontextmanager
async def running_app(app: FastAPI) -> AsyncIterator[str]:
    """Serve `app` and yield its address, for example http://127.0.0.1:4711."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listening]))
            try:
                async with asyncio.timeout(START_LIMIT_S):
                    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                        await asyncio.sleep(0.005)
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True
