import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardware.errors import BusyError, HardwareError, MissingError
from hardware.twin.control import ControlServer, send
from hardware.twin.world import World
from tests.support.hand_turned_time import VirtualTimers

GREETING = Path(__file__).parents[3] / "hardware/twin/sounds/greeting.en.ogg"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twin.sock"


@pytest.fixture
async def world(path: Path) -> AsyncIterator[World]:
    timers = VirtualTimers()
    world = World(now=timers.clock.now, start_timer=timers.start)
    for pin in (17, 27):
        world.factory.pin(pin).pull = "up" if pin == 17 else "down"
    async with ControlServer(world, path):
        yield world


async def tell(socket_path: Path, command: str, **args: Any) -> dict[str, Any]:
    return await asyncio.to_thread(send, socket_path, command, **args)


async def test_a_press(world: World, path: Path) -> None:
    assert await tell(path, "press") == {}
    assert world.active("button")
    assert (await tell(path, "state"))["visitor"] == "pressing"
    await tell(path, "release")
    history = (await tell(path, "history", part="button"))["history"]
    assert [entry["active"] for entry in history] == [True, False]


async def test_someone_comes_and_goes(world: World, path: Path) -> None:
    await tell(path, "walk_past")
    assert world.active("motion")
    await tell(path, "leave")
    await tell(path, "clear")
    assert not world.active("motion")


async def test_speaking(world: World, path: Path) -> None:
    reply = await tell(path, "speak", path=GREETING)
    assert reply["seconds"] > 1
    said = world.voice.at(1000.5, 48_000)
    assert said is not None
    assert np.abs(said).max() > 1000


async def test_a_stall_can_be_switched(world: World, path: Path) -> None:
    await tell(path, "stall")
    assert world.stalled
    await tell(path, "stall", on=False)
    assert not world.stalled


async def test_what_cannot_be_spoken_is_refused(world: World, path: Path) -> None:
    with pytest.raises(HardwareError, match=r"There is no file /nowhere\.wav"):
        await tell(path, "speak", path="/nowhere.wav")


@pytest.mark.parametrize("line", [b"press", b"[]", b"{}", b'{"do": 1}', b'{"do": "fly"}', b"\xff"])
async def test_what_is_no_command_is_refused_and_the_twin_goes_on(
    world: World, path: Path, line: bytes
) -> None:
    reply = await asyncio.to_thread(raw, path, line + b"\n")
    assert reply["ok"] is False
    assert "The twin knows these commands: press" in reply["error"]
    assert await tell(path, "press") == {}


async def test_wrong_arguments_are_refused(world: World, path: Path) -> None:
    with pytest.raises(HardwareError, match="arguments do not fit"):
        await tell(path, "press", twice=True)


async def test_an_endless_line_is_refused(world: World, path: Path) -> None:
    reply = await asyncio.to_thread(raw, path, b"x" * 9000)
    assert reply == {"ok": False, "error": "The command is too long."}


def test_without_a_twin_there_is_a_remedy(path: Path) -> None:
    with pytest.raises(MissingError, match="No twin is running here. Start it with: make run"):  # noqa: RUF043
        send(path, "press")


async def test_only_the_owner_may_use_the_socket(world: World, path: Path) -> None:
    mode = await asyncio.to_thread(path.stat)
    assert mode.st_mode & 0o777 == 0o600


async def test_a_second_twin_is_refused_and_the_first_stays(world: World, path: Path) -> None:
    with pytest.raises(BusyError, match="already running"):
        async with ControlServer(world, path):
            pass
    assert await tell(path, "press") == {}


async def test_a_socket_left_behind_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    async with ControlServer(World(), path):
        assert "visitor" in await tell(path, "state")
    assert not path.is_socket()  # noqa: ASYNC240


async def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="Choose a shorter path"):
        async with ControlServer(World(), tmp_path / ("x" * 120)):
            pass


def raw(path: Path, data: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(str(path))
        line.sendall(data)
        reply: dict[str, Any] = json.loads(line.makefile("rb").readline())
        return reply
