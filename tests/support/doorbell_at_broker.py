"""The doorbell's part in tests with a broker: what it was asked, and whether it is connected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from device.services.mqtt import ANSWER_LIMIT_S as BROKER_LIMIT_S
from device.services.mqtt import Mqtt
from device.services.mqtt_topics import Command, Topics
from device.services.mqtt_unlock import BrokerUnlock
from device.services.retry import Backoff
from device.settings import MqttSettings

DEVICE = "a" * 26
TOPICS = Topics(DEVICE)
ANSWER_LIMIT_S = 5.0


class DoorbellAtBroker:
    """`async with doorbell.running()`; `settings` are those of the group mqtt."""

    def __init__(
        self,
        port: int,
        lock: BrokerUnlock | None = None,
        answer_limit_s: float = BROKER_LIMIT_S,
        install: Callable[[], None] | None = None,
        **settings: object,
    ) -> None:
        self.performed: asyncio.Queue[Command] = asyncio.Queue()
        self.troubles: asyncio.Queue[str | None] = asyncio.Queue()
        broker = MqttSettings.model_validate({"host": "127.0.0.1", "port": port, **settings})
        self.mqtt = Mqtt(
            broker, DEVICE, "Front door", "0.1.0", self.performed.put_nowait,
            lock=lock, on_fault=self.troubles.put_nowait, install=install, birth_delay_s=(0.0, 0.0),
            backoff=Backoff(0.05, 0.1, Random(1)), answer_limit_s=answer_limit_s,
        )  # fmt: skip
        self.task: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            self.task = group.create_task(self.mqtt.run())
            yield
            self.task.cancel()

    async def trouble(self) -> str | None:
        """The next word on the connection: a sentence, or None when there is one."""
        async with asyncio.timeout(ANSWER_LIMIT_S):
            return await self.troubles.get()

    async def connection(self) -> bool:
        return await self.trouble() is None

    async def asked(self) -> Command:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            return await self.performed.get()
