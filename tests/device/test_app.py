"""The whole service as a process: a twin, a server that a test leads, and a clean end."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from device.services.admin import ask
from device.services.household import Household
from device.wiring import identity_in
from hardware.twin.control import send
from protocol.household import HouseRules
from protocol.link import Hello, Report, State, VisitClosed, VisitMoment, VisitOpened
from protocol.pairing import Invitation
from scripts.stack import free_port
from tests.support.audit_rig import rows_of
from tests.support.broker_listener import listening
from tests.support.doorbell_process import ROOT, START_LIMIT_S, doorbell
from tests.support.link_server import Line
from tests.support.mosquitto import Mosquitto


async def _reports(line: Line, count: int) -> list[str]:
    names: list[str] = []
    while len(names) < count:
        message = await line.hear()
        if isinstance(message, Report):
            what = message.what
            match what:
                case VisitOpened(cause=cause):
                    names.append(f"opened by {cause}")
                case VisitMoment(moment=moment):
                    names.append(moment.what)
                case VisitClosed(outcome=outcome):
                    names.append(f"closed, {outcome}")
        else:
            assert isinstance(message, State)
    return names


async def test_a_doorbell_rings_pairs_and_stops(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running:
        assert running.printed.startswith("Garden gate is ready.\n  board   twin\n")
        assert running.server.url in running.printed
        line = await running.server.line()
        hello = await line.hear()
        assert isinstance(hello, Hello)
        assert hello.name == "Garden gate"
        await line.welcome()

        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert await _reports(line, 2) == ["opened by press", "rang"]

        link = str((await asyncio.to_thread(ask, tmp_path, "pair"))["link"])
        address, _, fragment = link.partition("/#")
        assert address == running.server.url
        assert Invitation.parse(fragment).device_id == hello.device_id

        status = await asyncio.to_thread(ask, tmp_path, "status")
        assert status["linked"] is True
        assert json.dumps(status["phones"]) == "[]"

        running.process.terminate()
        assert await _reports(line, 2) == ["missed", "closed, missed"]
        log = await running.stop()
        assert running.process.returncode == 0, log
        assert "Traceback" not in log
        assert not (tmp_path / "doorbell.sock").exists()


async def test_a_ring_needs_neither_broker_nor_recorder(tmp_path: Path) -> None:
    """The server of this test records nothing, and nobody is at the broker's port."""
    broker = ("--mqtt-host", "127.0.0.1", "--mqtt-port", str(free_port()))
    async with doorbell(tmp_path, *broker) as running:
        line = await running.server.line()
        await line.hear()
        await line.welcome()
        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert await _reports(line, 2) == ["opened by press", "rang"]
        history = await asyncio.to_thread(send, tmp_path / "twin.sock", "history")
        assert "chime" in json.dumps(history)
        status = await asyncio.to_thread(ask, tmp_path, "status")
        assert "Check that it runs" in status["faults"]["broker"]
        running.process.terminate()
        assert await _reports(line, 2) == ["missed", "closed, missed"]
        log = await running.stop()
        assert running.process.returncode == 0, log
        assert "Traceback" not in log


@pytest.mark.services
async def test_automation_opens_when_the_household_lets_it(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", tmp_path / "broker"
    for made in (state, folder):
        made.mkdir()
    Household(state / "phones.json").set_rules(HouseRules(unlock_mqtt=True))
    async with Mosquitto(folder) as broker, listening(broker.port) as home:
        where = ("--mqtt-host", "127.0.0.1", "--mqtt-port", str(broker.port))
        async with doorbell(state, *where) as running:
            said = await home.until(lambda heard: heard.topic.endswith("/lock/nonce"))
            command = json.dumps({"action": "unlock", **json.loads(said.payload)})
            topic = said.topic.replace("/nonce", "/set")
            for kind in ("unlocked", "refused"):
                home.heard.clear()
                await home.say(topic, command)
                result = await home.topic("/lock/result")
                assert json.loads(result.payload)["event_type"] == kind
            history = await asyncio.to_thread(send, state / "twin.sock", "history")
            assert json.dumps(history).count('"lock", "active": true') == 1
            log = await running.stop()
        assert running.process.returncode == 0, log
        assert "Traceback" not in log
    rows = [row for row in rows_of(state, identity_in(state)) if row.what.startswith("unlock")]
    assert {row.what for row in rows} == {
        "unlock_granted", "unlock_done", "unlock_refused", "unlock_ended",
    }  # fmt: skip
    assert {row.who for row in rows} == {"automation"}
    assert [row.evidence for row in rows if row.what == "unlock_granted"] == [command]


async def test_a_second_doorbell_leaves_the_first_alone(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running:
        line = await running.server.line()
        await line.hear()
        await line.welcome()
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "device", "run", "--state", str(tmp_path),
            stdout=PIPE, stderr=PIPE, cwd=ROOT,
        )  # fmt: skip
        async with asyncio.timeout(START_LIMIT_S):
            _, said = await second.communicate()
        assert second.returncode == 2
        assert said.decode().startswith(f"A doorbell already runs with its state in {tmp_path}.")
        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert await _reports(line, 2) == ["opened by press", "rang"]
