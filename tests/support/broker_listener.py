"""Someone else at the broker: hears everything, and may speak."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt

HEARD_LIMIT_S = 5.0


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retained: bool

    @property
    def text(self) -> str:
        return self.payload.decode()


@dataclass
class Listener:
    """Keeps all messages in the order of their arrival."""

    client: aiomqtt.Client
    heard: list[Heard] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, wanted: Callable[[Heard], bool]) -> Heard:
        """The first message that is wanted, heard already or still to come."""
        async with asyncio.timeout(HEARD_LIMIT_S), self._news:
            while True:
                for message in self.heard:
                    if wanted(message):
                        return message
                await self._news.wait()

    async def topic(self, end: str, text: str | None = None) -> Heard:
        """The first message on a topic with that end and, if given, that text."""
        return await self.until(
            lambda heard: heard.topic.endswith(end) and (text is None or heard.text == text)
        )

    async def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        await self.client.publish(topic, payload, qos=1, retain=retain)

    async def listen(self) -> None:
        async for message in self.client.messages:
            heard = Heard(message.topic.value, message.payload, message.retain)
            async with self._news:
                self.heard.append(heard)
                self._news.notify_all()


@asynccontextmanager
async def listening(
    port: int,
    topic: str = "#",
    *,
    username: str | None = None,
    password: str | None = None,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Listener]:
    """Everything that comes by from now on, and what the broker retained."""
    connection = aiomqtt.Client(
        "127.0.0.1", port, username=username, password=password, tls_context=trust
    )
    async with connection as client, asyncio.TaskGroup() as group:
        listener = Listener(client)
        await client.subscribe(topic)
        task = group.create_task(listener.listen())
        yield listener
        task.cancel()
