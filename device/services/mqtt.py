"""The doorbell at a broker: for Home Assistant and whoever else listens.

A broker that is absent, slow or gone disturbs nothing: what is the state is kept and said again
after a connection, what was an event is dropped when it has become old.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn, Protocol

import aiomqtt

from device.services.home_assistant import birth_topic, descriptions, discovery_topic
from device.services.mqtt_access import AccessSettings, password_of, trouble_with, trust_of
from device.services.mqtt_topics import (
    OFFLINE,
    ONLINE,
    STOPPED,
    UPDATE_INSTALL,
    Command,
    CommandReader,
    Message,
    Topics,
    long_press,
    messages_of,
    state_messages,
    update_message,
    visit_after,
)
from device.services.mqtt_unlock import (
    UNLOCK_LIMIT_BYTES,
    BrokerUnlock,
    nonce_message,
    result_message,
)
from device.services.retry import Backoff
from protocol.door import DoorState, Visit
from protocol.link import Occurrence
from protocol.updates import SoftwareView

log = logging.getLogger(__name__)
# paho would repeat at every try what is said here once.
_WIRE = logging.getLogger(f"{__name__}.wire")
_WIRE.setLevel(logging.CRITICAL)

FIRST_RETRY_S = 1.0
# A broker that restarts is back within a minute; waiting longer would only hide that it is.
LONGEST_RETRY_S = 60.0
# For a connection, and for every acknowledgement.
ANSWER_LIMIT_S = 10.0
# Half of it and the broker knows that we are gone, and says so by our last will.
KEEP_ALIVE_S = 30
# A stopped doorbell may say so for this long; the last will covers the rest.
FAREWELL_LIMIT_S = 2.0
# Visits bring a handful of messages; more waiting than this means that nothing gets through.
QUEUE_LIMIT = 64
# More commands at once are a flood, and the rest of it is dropped.
INCOMING_LIMIT = 1024
# A ring that is older would start lights and speakers for a visitor who has gone.
EVENT_LIFE_S = 10.0
# Home Assistant greets all devices at once, and loads its parts for a while after that.
BIRTH_DELAY_S = (1.0, 5.0)
# The snapshot of a Full HD camera is about 300 kB.
SNAPSHOT_LIMIT_BYTES = 1024 * 1024


class BrokerSettings(AccessSettings, Protocol):
    """Where the broker is; `device.settings.MqttSettings` in the doorbell."""

    @property
    def discovery_prefix(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Queued:
    message: Message
    at_s: float


def _ignore(fault: str | None) -> None:
    """For those who do not mind whether a broker is there."""


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """Keeps of a message what a command can have and a byte more, so that no flood takes memory."""

    def put_nowait(self, item: aiomqtt.Message) -> None:
        item.payload = _bytes(item.payload)[: UNLOCK_LIMIT_BYTES + 1]
        super().put_nowait(item)


class Mqtt:
    """`occurred`, `state` and `snapshot` at any time; `run` carries them to the broker."""

    def __init__(
        self,
        settings: BrokerSettings,
        device_id: str,
        name: str,
        software: str,
        perform: Callable[[Command], None],
        *,
        lock: BrokerUnlock | None = None,
        on_fault: Callable[[str | None], None] = _ignore,
        install: Callable[[], None] | None = None,
        birth_delay_s: tuple[float, float] = BIRTH_DELAY_S,
        backoff: Backoff | None = None,
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        """`perform` is called for every harmless command of the broker; `lock` takes the others.

        `on_fault` is told why there is no connection, and None when there is one. Neither call
        may block or raise. `install` starts the offered update; None: there are no updates.
        """
        self._settings = settings
        self._device_id, self._name, self._software = device_id, name, software
        self._topics = Topics(device_id)
        self._reader = CommandReader(self._topics)
        self._perform = perform
        self._lock = lock
        self._on_fault = on_fault
        self._install = install
        self._birth_delay_s = birth_delay_s
        self._backoff = backoff or Backoff(FIRST_RETRY_S, LONGEST_RETRY_S)
        self._answer_limit_s = answer_limit_s
        self._visit: Visit | None = None
        self._retained: dict[str, Message] = {}
        self._waiting: asyncio.Queue[_Queued] = asyncio.Queue(QUEUE_LIMIT)
        self._connected, self._described, self._trouble = False, False, ""

    def occurred(self, what: Occurrence) -> None:
        """Something happened in a visit."""
        visit = visit_after(self._visit, what, self._device_id)
        self._visit = visit or self._visit
        self._say(messages_of(what, visit, self._topics))

    def state(self, state: DoorState) -> None:
        """The door's parts changed."""
        self._say(state_messages(state, self._topics))

    def held(self, visit: str, at_ms: int) -> None:
        """The button is held long; the ring was told when it went down."""
        self._say([long_press(visit, at_ms, self._topics)])

    def software(self, view: SoftwareView) -> None:
        """Versions, offers and progress changed."""
        if self._install is not None:
            self._say([update_message(view, self._topics)])

    def snapshot(self, jpeg: bytes) -> None:
        """The picture of a visitor."""
        if len(jpeg) > SNAPSHOT_LIMIT_BYTES:
            log.warning("a snapshot of %d bytes is too large for the broker", len(jpeg))
            return
        self._say([Message(self._topics.snapshot, jpeg, retain=True)])

    async def run(self) -> NoReturn:
        """Stay connected until cancelled; then say that the doorbell stopped."""
        async with asyncio.TaskGroup() as deeds:
            while True:
                try:
                    await self._session(deeds)
                except* (aiomqtt.MqttError, OSError) as errors:
                    # OSError: the files of the password and the certificates.
                    self._lost(_first(errors))
                await asyncio.sleep(self._backoff.next_s())

    async def _session(self, deeds: asyncio.TaskGroup) -> NoReturn:
        async with self._client() as client:
            try:
                async with asyncio.TaskGroup() as group:
                    if self._lock is not None:
                        self._lock.connected()
                    # First, because who listens notices at once that the broker goes away.
                    group.create_task(self._hear(client, group, deeds))
                    await self._introduce(client)
                    if self._lock is not None:
                        group.create_task(self._mind_lock(client, self._lock))
                    await self._speak(client)
            except asyncio.CancelledError:
                # Out of the group this is our own end, and no lost connection.
                await self._say_goodbye(client)
                raise
            finally:
                self._connected = False

    async def _introduce(self, client: aiomqtt.Client) -> None:
        updates = () if self._install is None else (self._topics.update_set,)
        for topic in (*self._topics.commands, *updates, self._birth):
            await client.subscribe(topic)
        self._found()
        await self._publish_state(client)

    def _client(self) -> aiomqtt.Client:
        settings = self._settings
        if settings.host is None:
            raise ValueError("mqtt.host is not set, so there is no broker to connect to.")
        return aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username,
            password=password_of(settings),
            tls_context=trust_of(settings),
            identifier=f"doorstep-{self._device_id}",
            # Commands that waited at the broker must not be carried out later.
            clean_session=True,
            will=aiomqtt.Will(self._topics.availability, OFFLINE, qos=1, retain=True),
            keepalive=KEEP_ALIVE_S,
            timeout=self._answer_limit_s,
            logger=_WIRE,
            queue_type=_Inbox,
            max_queued_incoming_messages=INCOMING_LIMIT,
        )

    @property
    def _birth(self) -> str:
        return birth_topic(self._settings.discovery_prefix)

    async def _speak(self, client: aiomqtt.Client) -> NoReturn:
        while True:
            queued = await self._waiting.get()
            message = queued.message
            if message.retain:
                # What was queued before a reconnection may be older than what was remembered.
                await _publish(client, self._retained[message.topic])
            elif time.monotonic() - queued.at_s < EVENT_LIFE_S:
                await _publish(client, message)

    async def _hear(
        self, client: aiomqtt.Client, group: asyncio.TaskGroup, deeds: asyncio.TaskGroup
    ) -> None:
        async for message in client.messages:
            topic, payload = message.topic.value, _bytes(message.payload)
            if topic == self._birth:
                if payload == b"online" and not message.retain:
                    group.create_task(self._greet(client))
            elif topic == self._topics.lock_set and (lock := self._lock) is not None:
                unlocking = lock.heard(payload, retained=message.retain)
                if unlocking is not None:
                    # A door that opens is looked after to the end, whatever the connection does.
                    deeds.create_task(lock.carry_out(unlocking))
            else:
                self._obey(topic, payload, retained=message.retain)

    def _obey(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if retained:
            log.warning("a retained command on %s is ignored: it may be of any time", topic)
            return
        if topic == self._topics.update_set and self._install is not None:
            if payload == UPDATE_INSTALL.encode():
                self._install()
            return
        command = self._reader.read(topic, payload)
        if command is None:
            log.warning("a message on %s is no command", topic)
            return
        self._perform(command)

    async def _greet(self, client: aiomqtt.Client) -> None:
        """Home Assistant restarted: say everything again, not at once with all other devices."""
        await asyncio.sleep(random.uniform(*self._birth_delay_s))
        await self._publish_state(client)

    async def _publish_state(self, client: aiomqtt.Client) -> None:
        await self._describe(client)
        for message in tuple(self._retained.values()):
            await _publish(client, message)
        await _publish(client, Message(self._topics.availability, ONLINE.encode(), retain=True))

    async def _describe(self, client: aiomqtt.Client) -> None:
        """Tell Home Assistant what the doorbell consists of; first what it has no longer."""
        topic = discovery_topic(self._settings.discovery_prefix, self._device_id)
        self._described = unlock = self._lock is not None and self._lock.on
        for told in descriptions(
            self._topics,
            self._device_id,
            self._name,
            self._software,
            unlock=unlock,
            updates=self._install is not None,
        ):
            await _publish(client, Message(topic, json.dumps(told).encode(), retain=True))

    async def _mind_lock(self, client: aiomqtt.Client, lock: BrokerUnlock) -> NoReturn:
        """Listen for unlock commands while the rule is on, and say which nonce counts now."""
        listens = False
        # Whatever an earlier life of ours left at the broker is said anew, or taken away.
        told: str | None = ""
        while True:
            if lock.on is not listens:
                listens = lock.on
                await self._listen_to_lock(client, listens)
            if lock.on is not self._described:
                await self._describe(client)
            if (nonce := lock.nonce) != told:
                await _publish(client, nonce_message(nonce, self._topics))
                told = nonce
            for result in await lock.news():
                await _publish(client, result_message(result, self._topics))

    async def _listen_to_lock(self, client: aiomqtt.Client, listens: bool) -> None:
        if listens:
            await client.subscribe(self._topics.lock_set)
        else:
            await client.unsubscribe(self._topics.lock_set)
        _heed_cancellation()

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        try:
            async with asyncio.timeout(FAREWELL_LIMIT_S):
                await client.publish(self._topics.availability, STOPPED, qos=1, retain=True)
        except (aiomqtt.MqttError, TimeoutError):
            log.info("the broker did not hear that the doorbell stops")

    def _say(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message.retain:
                self._remember(message)
            self._queue(message)

    def _remember(self, message: Message) -> None:
        self._retained[message.topic] = message

    def _queue(self, message: Message) -> None:
        """Without a connection only events wait: the state is said at every connection anyway."""
        if message.retain and not self._connected:
            return
        if self._waiting.full():
            dropped = self._waiting.get_nowait()
            log.warning("the broker is slow; a message on %s is dropped", dropped.message.topic)
        self._waiting.put_nowait(_Queued(message, time.monotonic()))

    def _found(self) -> None:
        log.info("connected to the broker at %s", self._settings.host)
        self._backoff.reset()
        self._connected, self._trouble = True, ""
        self._on_fault(None)

    def _lost(self, error: BaseException) -> None:
        """One line for an absence, not one for every try."""
        trouble = trouble_with(error, self._settings)
        if trouble != self._trouble:
            self._trouble = trouble
            log.warning("no broker at %s: %s", self._settings.host, trouble)
            self._on_fault(trouble)


async def _publish(client: aiomqtt.Client, message: Message) -> None:
    await client.publish(message.topic, message.payload, qos=1, retain=message.retain)
    _heed_cancellation()


def _heed_cancellation() -> None:
    # aiomqtt waits by asyncio.wait_for, and that of Python 3.11 swallows a cancellation which
    # comes together with the answer: without this a doorbell that stops might go on for ever.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _bytes(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else str(payload).encode()
