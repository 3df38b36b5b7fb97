"""`make run`: the server and a twin doorbell together, until one of them ends or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

# A cold start on a small machine, with the database made anew, takes a few seconds.
SERVER_START_LIMIT_S = 30.0
# Both services close their visit and clip in well under this.
STOP_LIMIT_S = 10.0
BAD_PORT = 2
# A service that was killed, or that ended as if it had been asked to.
ENDED_BY_ITSELF = 1


def main() -> int:
    """Run both services; the exit code is the first failing one's."""
    options = _arguments()
    if sentence := _port_problem(options.port):
        print(sentence, file=sys.stderr)
        return BAD_PORT
    try:
        return asyncio.run(run(int(options.port), options.state.resolve(), options.camera))
    except KeyboardInterrupt:
        return 0


async def run(port: int, state: Path, camera: str | None) -> int:
    """Start the server, then the doorbell; stop both when either ends."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    address = f"http://localhost:{port}"
    async with _service(
        "cloud", "--http-port", str(port), "--state-directory", str(state / "cloud")
    ) as server:
        if not await _healthy(address, server, stop):
            return _outcome(stop, {"server": server})
        print(f"\nDoorstep is at {address}\n", flush=True)
        wanted = ["--board", "twin", "--server", address, "--state", str(state / "device")]
        wanted += ["--camera", camera] if camera else []
        async with _service("device", *wanted) as doorbell:
            await _first_end(stop, server, doorbell)
            return _outcome(stop, {"server": server, "doorbell": doorbell})


def _outcome(stop: asyncio.Event, services: dict[str, Process]) -> int:
    """The exit code, and a sentence about whoever ended without being asked."""
    if stop.is_set():
        return 0
    for name, process in services.items():
        if process.returncode is not None:
            print(f"The {name} has ended by itself (code {process.returncode}); the lines above"
                  " say why. Everything is stopped.", file=sys.stderr)  # fmt: skip
            return process.returncode if process.returncode > 0 else ENDED_BY_ITSELF
    print(f"The server does not answer after {SERVER_START_LIMIT_S:.0f} s. Is the machine very"
          " busy? Try again.", file=sys.stderr)  # fmt: skip
    return ENDED_BY_ITSELF


@contextlib.asynccontextmanager
async def _service(package: str, *arguments: str) -> AsyncIterator[Process]:
    """A child process `python -m PACKAGE run …`, ended by its own id at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", package, "run", *arguments, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _healthy(address: str, server: Process, stop: asyncio.Event) -> bool:
    """Wait until the server answers; False when it ended or a stop was asked for."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SERVER_START_LIMIT_S
    async with aiohttp.ClientSession() as session:
        while server.returncode is None and not stop.is_set() and loop.time() < deadline:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                limit = aiohttp.ClientTimeout(total=2)
                async with session.get(f"{address}/healthz", timeout=limit) as answer:
                    if answer.status == 200:
                        return True
            await asyncio.sleep(0.1)
    return False


async def _first_end(stop: asyncio.Event, *processes: Process) -> None:
    """Wait for Ctrl-C or the end of any process."""
    ended = asyncio.Event()

    async def watch(process: Process) -> None:
        await process.wait()
        ended.set()

    async def until_asked() -> None:
        await stop.wait()
        ended.set()

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(watch(process)) for process in processes]
        waiting.append(group.create_task(until_asked()))
        await ended.wait()
        for task in waiting:
            task.cancel()


def _port_problem(port: str) -> str | None:
    """A sentence when the port cannot be had."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        return f"{port!r} is no port. Choose one from 1024 to 65535: make run PORT=8090"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", int(port)))
        except PermissionError:
            return f"Port {port} is for the system's services. Choose another: make run PORT=8090"
        except OSError:
            return f"Port {port} is in use by another program. Choose another: make run PORT=8090"
    return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", default=os.environ.get("PORT", "8080"))
    parser.add_argument("--state", type=Path, default=Path(".doorstep"))
    parser.add_argument("--camera", help="porch, loop, a video file, or /dev/videoN")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
