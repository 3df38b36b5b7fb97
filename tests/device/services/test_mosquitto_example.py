"""A real Mosquitto with exactly the files that are shipped as an example."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiomqtt
import pytest
import trustme

from device.services.mqtt_topics import LIGHT_ON, Topics
from device.services.mqtt_unlock import BrokerUnlock
from protocol.control import Done, Light
from protocol.door import DoorState, Moment
from protocol.link import VisitMoment, VisitOpened
from tests.support.broker_listener import Listener, listening
from tests.support.doorbell_at_broker import DEVICE, TOPICS, DoorbellAtBroker
from tests.support.mosquitto import ExampleMosquitto, trusting
from tests.support.noting_ledger import NotingLedger
from tests.support.tcp_line import TcpLine

pytestmark = pytest.mark.services

OTHER = "b" * 26
HOME = "homeassistant"
WORDS = {DEVICE: "one", OTHER: "two", HOME: "three"}
DISCOVERY = f"homeassistant/device/{DEVICE}/config"
ANSWER_LIMIT_S = 5.0
# MQTT 3.1.1 sections 3.1 and 3.2: version 4, clean session, no name.
CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
CONNACK = b"\x20"
OPENED = VisitOpened(visit="visit-0001", cause="motion", at_ms=1000)
RANG = VisitMoment(visit="visit-0001", moment=Moment(at_ms=2000, what="rang"))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def broker(tmp_path: Path, authority: trustme.CA) -> AsyncIterator[ExampleMosquitto]:
    async with ExampleMosquitto(tmp_path, authority, WORDS) as running:
        yield running


class People:
    """Those who have a user at the broker."""

    def __init__(self, broker: ExampleMosquitto, authority: trustme.CA, folder: Path) -> None:
        self._broker = broker
        self._authority = authority
        self._folder = folder

    def connect(self, user: str, topic: str = "#") -> AbstractAsyncContextManager[Listener]:
        return listening(
            self._broker.port, topic, username=user, password=WORDS[user],
            trust=trusting(self._authority),
        )  # fmt: skip

    def doorbell(
        self, lock: BrokerUnlock | None = None, port: int | None = None
    ) -> DoorbellAtBroker:
        word, trusted = self._folder / "word", self._folder / "trusted.pem"
        word.write_text(WORDS[DEVICE])
        self._authority.cert_pem.write_to_path(trusted)
        return DoorbellAtBroker(
            port or self._broker.port, lock, username=DEVICE, password_file=word, ca_file=trusted
        )


@pytest.fixture
def people(broker: ExampleMosquitto, authority: trustme.CA, tmp_path: Path) -> People:
    return People(broker, authority, tmp_path)


def openable() -> BrokerUnlock:
    async def open_door(evidence: str) -> Done:
        return Done(id=1)

    return BrokerUnlock(lambda: True, open_door, NotingLedger())


async def test_the_doorbell_can_say_all_it_has_to_say(people: People) -> None:
    doorbell = people.doorbell(openable())
    async with people.connect(HOME) as home, doorbell.running():
        assert await doorbell.connection()
        doorbell.mqtt.occurred(OPENED)
        doorbell.mqtt.occurred(RANG)
        doorbell.mqtt.state(DoorState(lock="locked", light="off"))
        doorbell.mqtt.snapshot(b"\xff\xd8" + bytes(1024 * 1024 - 2))
        for topic in (DISCOVERY, TOPICS.availability, TOPICS.event, TOPICS.motion, TOPICS.visit,
                      TOPICS.snapshot, TOPICS.diagnostics, TOPICS.lock_state,
                      TOPICS.light_state, TOPICS.lock_nonce):  # fmt: skip
            await home.topic(topic)
        await home.say(TOPICS.lock_set, "nonsense")
        await home.topic(TOPICS.lock_result)
    async with people.connect(HOME) as late:
        await late.topic(TOPICS.availability, "stopped")


async def test_a_doorbell_that_is_lost_is_told_by_its_last_will(
    broker: ExampleMosquitto, people: People
) -> None:
    async with (
        TcpLine(broker.port) as line,
        people.connect(HOME) as home,
        people.doorbell(port=line.port).running(),
    ):
        await home.topic(TOPICS.availability, "online")
        line.cut()
        await home.topic(TOPICS.availability, "offline")


async def test_home_assistant_can_command(people: People) -> None:
    doorbell = people.doorbell(openable())
    async with people.connect(HOME) as home, doorbell.running():
        await home.topic(TOPICS.lock_nonce)
        await home.say(TOPICS.light_set, LIGHT_ON)
        assert await doorbell.asked() == Light(id=1, on=True)
        home.heard.clear()
        await home.say("homeassistant/status", "online")
        await home.topic(DISCOVERY)


async def test_another_doorbell_reads_and_writes_nothing_of_ours(people: People) -> None:
    doorbell = people.doorbell(openable())
    mine = Topics(OTHER)
    async with (
        doorbell.running(),
        people.connect(HOME) as home,
        people.connect(OTHER) as other,
    ):
        await home.topic(TOPICS.lock_nonce)
        home.heard.clear()
        for topic in (TOPICS.light_set, TOPICS.chime_set, TOPICS.quick_reply_set, TOPICS.lock_set,
                      TOPICS.availability, TOPICS.event, TOPICS.lock_state, TOPICS.lock_nonce,
                      DISCOVERY, "homeassistant/status"):  # fmt: skip
            await other.say(topic, "ON")
        # What it may do is done after all that, on the same connection.
        await other.say(mine.availability, "online")
        await home.topic(mine.availability)
        assert [heard.topic for heard in home.heard] == [mine.availability]
        assert doorbell.performed.empty()
        # It has listened to everything, and hears what is its own.
        for topic in (*TOPICS.commands, TOPICS.lock_set, "homeassistant/device/any/config"):
            await home.say(topic, "nonsense")
        await home.say(mine.light_set, LIGHT_ON)
        await other.topic(mine.light_set)
        assert {heard.topic for heard in other.heard} == {mine.light_set}


async def test_strangers_are_not_let_in(broker: ExampleMosquitto, authority: trustme.CA) -> None:
    trust = trusting(authority)
    for username, password in ((None, None), (HOME, "wrong"), ("somebody", "three"), (HOME, None)):
        stranger = listening(broker.port, username=username, password=password, trust=trust)
        with pytest.raises(aiomqtt.MqttError):
            await stranger.__aenter__()


async def test_nobody_is_heard_without_tls(broker: ExampleMosquitto) -> None:
    hears, speaks = await asyncio.open_connection("127.0.0.1", broker.port)
    speaks.write(CONNECT)
    answer = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(ANSWER_LIMIT_S):
            answer = await hears.read()
    speaks.close()
    assert not answer.startswith(CONNACK)
