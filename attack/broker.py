"""The broker in wrong hands: commands that were retained, guessed, used, or sent while it is off.

A real Mosquitto without any access control, and a doorbell that trusts it with the light. With
the rule on, who holds the broker can open the door: that is what the rule says, and not tried.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from attack.doorbell import Doorbell
from attack.management import ask
from attack.phones import HonestPhone
from attack.server import HostileServer, hostile_server
from attack.tally import Tally
from protocol.household import ChangeRules, HouseRules
from scripts.stack import free_port, listens

PROGRAM = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
START_LIMIT_S = 10.0
# The doorbell refuses a command within milliseconds; a busy machine takes longer.
SETTLE_S = 2.0
HEARD_LIMIT_S = 20.0


async def holds_the_broker(folder: Path, times: int) -> list[Tally]:
    """Both states of the rule; nothing when there is no Mosquitto to run."""
    if not Path(PROGRAM).exists():  # noqa: ASYNC240 - once, at the start
        return []
    async with _mosquitto(folder) as port, hostile_server() as server:
        options = ("--mqtt-host", "127.0.0.1", "--mqtt-port", str(port))
        async with (
            aiomqtt.Client("127.0.0.1", port) as broker,
            Doorbell(folder, server.url, *options) as bell,
        ):
            return await _both(server, bell, broker, times)


async def _both(
    server: HostileServer, bell: Doorbell, broker: aiomqtt.Client, times: int
) -> list[Tally]:
    await server.linked()
    admin = await HonestPhone.paired(server, await bell.pairing_link(), "Admin")
    base = f"doorstep/{admin.doorbell.id}/lock"
    off = Tally("opening over MQTT while the household does not allow it")
    await _storm(off, bell, broker, base, ["", secrets.token_urlsafe(16)], times)
    # What was retained now waits for the moment in which the doorbell begins to listen.
    await broker.publish(f"{base}/set", _command("guess"), retain=True)
    await broker.subscribe(f"{base}/nonce")
    await ask(admin, ChangeRules(id=1, rules=HouseRules(unlock_mqtt=True)))
    seen = await _next(broker)
    on = Tally("opening over MQTT by retained, guessed and outdated commands")
    await broker.publish(f"{base}/set", _command(seen), retain=True)
    await _storm(on, bell, broker, base, ["", secrets.token_urlsafe(16), seen], times)
    return [off, on]


async def _storm(
    row: Tally, bell: Doorbell, broker: aiomqtt.Client, base: str, nonces: list[str], times: int
) -> None:
    """`times` commands, every third of them retained; then see what the pin did."""
    edges = bell.edges()
    for number in range(times):
        command = _command(nonces[number % len(nonces)])
        await broker.publish(f"{base}/set", command, qos=number % 2, retain=number % 3 == 0)
    await asyncio.sleep(SETTLE_S)
    row.edges = bell.edges() - edges
    for _ in range(times):
        row.note(refused=row.edges == 0, how="the lock's pin moved")


def _command(nonce: str) -> str:
    return json.dumps({"action": "unlock", "nonce": nonce})


async def _next(broker: aiomqtt.Client) -> str:
    """The nonce that the doorbell publishes next."""
    async with asyncio.timeout(HEARD_LIMIT_S):
        async for message in broker.messages:
            nonce = bytes(message.payload).decode()
            if nonce:
                return nonce
    raise RuntimeError("The broker went away.")


@asynccontextmanager
async def _mosquitto(folder: Path) -> AsyncIterator[int]:
    port, config = free_port(), folder / "mosquitto.conf"
    await asyncio.to_thread(folder.mkdir)
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-c", str(config),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(START_LIMIT_S):
            while not listens(port):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.02)
        yield port
    finally:
        process.kill()
        await process.wait()
