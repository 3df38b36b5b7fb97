"""The doorbell at a real Mosquitto."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device.services.mqtt import SNAPSHOT_LIMIT_BYTES
from protocol.control import Chime, Light, QuickReply
from protocol.door import DoorState, Moment
from protocol.link import VisitMoment, VisitOpened
from protocol.updates import SoftwareView
from tests.support.broker_listener import listening
from tests.support.doorbell_at_broker import DEVICE, TOPICS
from tests.support.doorbell_at_broker import DoorbellAtBroker as Doorbell
from tests.support.mosquitto import Mosquitto
from tests.support.tcp_line import TcpLine

pytestmark = pytest.mark.services

DISCOVERY = f"homeassistant/device/{DEVICE}/config"
OPENED = VisitOpened(visit="visit-0001", cause="press", at_ms=1000)
RANG = VisitMoment(visit="visit-0001", moment=Moment(at_ms=2000, what="rang"))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def doorbell(broker: Mosquitto) -> Doorbell:
    return Doorbell(broker.port)


async def test_home_assistant_finds_it_also_when_it_starts_later(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    async with doorbell.running():
        assert await doorbell.connection()
        async with listening(broker.port) as late:
            found = await late.topic(DISCOVERY)
            assert found.retained
            assert json.loads(found.payload)["device"]["serial_number"] == DEVICE
            assert (await late.topic("/availability")).text == "online"


async def test_a_ring_is_told_once_and_not_to_those_who_come_later(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    async with doorbell.running(), listening(broker.port) as listener:
        await listener.topic("/availability", "online")
        doorbell.mqtt.occurred(OPENED)
        doorbell.mqtt.occurred(RANG)
        ring = await listener.topic("/event")
        assert json.loads(ring.payload)["event_type"] == "ring"
        visit = await listener.until(
            lambda heard: heard.topic == TOPICS.visit and b'"rang_ms":2000' in heard.payload
        )
        assert json.loads(visit.payload)["id"] == "visit-0001"
        async with listening(broker.port) as late:
            assert (await late.topic("/visit")).retained
            await late.topic("/availability", "online")
            assert not [heard for heard in late.heard if heard.topic == TOPICS.event]


async def test_a_long_press_is_told_and_not_kept(broker: Mosquitto, doorbell: Doorbell) -> None:
    async with doorbell.running(), listening(broker.port) as listener:
        await listener.topic("/availability", "online")
        doorbell.mqtt.held("visit-0001", 7000)
        held = await listener.topic("/button")
        assert json.loads(held.payload)["event_type"] == "long_press"
        assert not held.retained


async def test_the_parts_and_the_picture_are_there_for_those_who_come_later(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    doorbell.mqtt.state(DoorState(lock="locked", light="on"))
    doorbell.mqtt.snapshot(b"\xff\xd8picture")
    async with doorbell.running():
        assert await doorbell.connection()
        async with listening(broker.port) as late:
            assert (await late.topic("/lock/state")).text == "locked"
            assert (await late.topic("/light/state")).text == "ON"
            assert (await late.topic("/snapshot")).payload == b"\xff\xd8picture"


async def test_a_picture_that_is_too_large_is_left_out(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    doorbell.mqtt.snapshot(bytes(SNAPSHOT_LIMIT_BYTES + 1))
    doorbell.mqtt.state(DoorState(lock="locked", light="on"))
    async with doorbell.running(), listening(broker.port) as listener:
        await listener.topic("/availability", "online")
        assert not [heard for heard in listener.heard if heard.topic == TOPICS.snapshot]


async def test_a_lost_doorbell_is_offline_by_its_last_will_and_comes_back(
    broker: Mosquitto,
) -> None:
    async with TcpLine(broker.port) as line, listening(broker.port) as listener:
        doorbell = Doorbell(line.port)
        async with doorbell.running():
            await listener.topic("/availability", "online")
            listener.heard.clear()
            line.cut()
            await listener.topic("/availability", "offline")
            await listener.topic("/availability", "online")
        assert [doorbell.troubles.get_nowait() is None for _ in range(3)] == [True, False, True]


async def test_a_stopped_doorbell_says_so_and_leaves_no_will(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    async with listening(broker.port) as listener:
        async with doorbell.running():
            await listener.topic("/availability", "online")
        await listener.topic("/availability", "stopped")
        async with listening(broker.port) as late:
            assert (await late.topic("/availability")).text == "stopped"


async def test_commands_are_carried_out(broker: Mosquitto, doorbell: Doorbell) -> None:
    async with doorbell.running(), listening(broker.port) as others:
        assert await doorbell.connection()
        await others.say(TOPICS.light_set, "ON")
        assert await doorbell.asked() == Light(id=1, on=True)
        await others.say(TOPICS.chime_set, "PRESS")
        assert await doorbell.asked() == Chime(id=2)
        await others.say(TOPICS.quick_reply_set, "not_now")
        assert await doorbell.asked() == QuickReply(id=3, reply="not_now")


async def test_nonsense_is_ignored_with_a_line_each(
    broker: Mosquitto, doorbell: Doorbell, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "device.services.mqtt")
    async with doorbell.running(), listening(broker.port) as others:
        assert await doorbell.connection()
        await others.say(TOPICS.light_set, "perhaps")
        await others.say(TOPICS.chime_set, b"\x00" * 100_000)
        await others.say(f"doorstep/{DEVICE}/lock/set", "UNLOCK")
        await others.say(TOPICS.light_set, "OFF")
        assert await doorbell.asked() == Light(id=1, on=False)
    assert len(caplog.records) == 2


async def test_a_command_of_yesterday_is_ignored(
    broker: Mosquitto, doorbell: Doorbell, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "device.services.mqtt")
    async with listening(broker.port) as others:
        await others.say(TOPICS.light_set, "ON", retain=True)
        async with doorbell.running():
            assert await doorbell.connection()
            await others.say(TOPICS.chime_set, "PRESS")
            assert await doorbell.asked() == Chime(id=1)
    assert "retained" in caplog.text


async def test_home_assistant_hears_everything_again_when_it_was_restarted(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    doorbell.mqtt.state(DoorState(lock="locked", light="off"))
    async with doorbell.running(), listening(broker.port) as home:
        await home.topic("/availability", "online")
        home.heard.clear()
        await home.say("homeassistant/status", "online")
        await home.topic(DISCOVERY)
        await home.topic("/lock/state", "locked")
        await home.topic("/availability", "online")


async def test_a_broker_that_restarts_is_told_the_newest_state(
    broker: Mosquitto, doorbell: Doorbell
) -> None:
    doorbell.mqtt.state(DoorState(lock="locked", light="off"))
    async with doorbell.running():
        assert await doorbell.connection()
        await broker.stop()
        assert not await doorbell.connection()
        doorbell.mqtt.state(DoorState(lock="locked", light="on"))
        await broker.start()
        assert await doorbell.connection()
        async with listening(broker.port) as listener:
            await listener.topic("/light/state", "ON")
            await listener.topic(DISCOVERY)


async def test_without_a_broker_everything_else_goes_on(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "device.services.mqtt")
    doorbell = Doorbell(unused_tcp_port)
    async with doorbell.running():
        assert not await doorbell.connection()
        for _ in range(200):
            doorbell.mqtt.occurred(OPENED)
            doorbell.mqtt.occurred(RANG)
        doorbell.mqtt.state(DoorState(lock="locked", light="on"))
        assert doorbell.task is not None
        assert not doorbell.task.done()
    assert len([each for each in caplog.records if "no broker" in each.getMessage()]) == 1


async def test_a_missing_password_file_is_one_line_and_no_end(
    broker: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    doorbell = Doorbell(broker.port, username="door", password_file=tmp_path / "absent")
    async with doorbell.running():
        assert not await doorbell.connection()
    assert "absent" in caplog.text


async def test_an_update_is_shown_and_can_be_wished_for(broker: Mosquitto) -> None:
    wished = asyncio.Queue[None]()
    doorbell = Doorbell(broker.port, install=lambda: wished.put_nowait(None))
    async with doorbell.running(), listening(broker.port) as home:
        assert await doorbell.connection()
        found = await home.topic(DISCOVERY)
        assert json.loads(found.payload)["components"]["update"]["platform"] == "update"
        view = SoftwareView(id=0, enabled=True, installed="1.0.0", latest="1.2.0", step="offered")
        doorbell.mqtt.software(view)
        told = await home.topic(TOPICS.update_state)
        assert json.loads(told.payload)["latest_version"] == "1.2.0"
        # What is no command, or of any time, starts nothing: the next one is the first.
        await home.say(TOPICS.update_set, "install now")
        await home.say(TOPICS.update_set, "install")
        async with asyncio.timeout(5):
            await wished.get()
        assert wished.empty()
        assert doorbell.performed.empty()
    async with listening(broker.port) as late:
        assert (await late.topic(TOPICS.update_state)).retained


async def test_a_retained_wish_for_an_update_is_none(broker: Mosquitto) -> None:
    wished = asyncio.Queue[str]()
    doorbell = Doorbell(broker.port, install=lambda: wished.put_nowait("update"))
    async with listening(broker.port) as home:
        await home.say(TOPICS.update_set, "install", retain=True)
        await home.topic(TOPICS.update_set)
        async with doorbell.running():
            assert await doorbell.connection()
            await home.say(TOPICS.light_set, "ON")
            await doorbell.asked()
            assert wished.empty()


async def test_without_updates_nobody_is_listened_to(broker: Mosquitto, doorbell: Doorbell) -> None:
    async with doorbell.running(), listening(broker.port) as home:
        assert await doorbell.connection()
        doorbell.mqtt.software(SoftwareView(id=0, enabled=False, installed="1.0.0"))
        await home.say(TOPICS.update_set, "install")
        await home.say(TOPICS.light_set, "ON")
        assert await doorbell.asked() == Light(id=1, on=True)
        assert not any(heard.topic == TOPICS.update_state for heard in home.heard)
