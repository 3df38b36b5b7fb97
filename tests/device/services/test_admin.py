from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device.errors import StartError
from device.services.admin import SOCKET_NAME, AdminServer, CommandRefusedError, ask


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[Path]:
    async with AdminServer(tmp_path / SOCKET_NAME) as server:
        server.serve({"pair": lambda: {"link": "https://door/#p"}})
        yield tmp_path


async def test_a_command_is_answered(state: Path) -> None:
    assert await asyncio.to_thread(ask, state, "pair") == {"link": "https://door/#p"}


async def test_only_the_owner_may_ask(state: Path) -> None:
    assert (state / SOCKET_NAME).stat().st_mode & 0o777 == 0o600


async def test_an_unknown_command_is_said(state: Path) -> None:
    with pytest.raises(StartError, match="knows these commands: pair"):
        await asyncio.to_thread(ask, state, "frob")


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"do": {}}\n', b"x" * 5000 + b"\n", b""])
async def test_nonsense_ends_only_its_connection(state: Path, line: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(state / SOCKET_NAME))
    writer.write(line)
    writer.write_eof()
    await reader.read()
    writer.close()
    assert await asyncio.to_thread(ask, state, "pair")


async def test_a_second_doorbell_in_the_same_folder_is_refused(state: Path) -> None:
    with pytest.raises(StartError, match="already runs"):
        await AdminServer(state / SOCKET_NAME).__aenter__()


async def test_what_a_killed_doorbell_left_is_cleared(tmp_path: Path) -> None:
    path = tmp_path / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    async with AdminServer(path):
        pass
    assert not path.exists()


def test_no_doorbell_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No doorbell runs"):
        ask(tmp_path, "pair")


async def test_a_path_that_is_too_long_is_said(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    os.mkdir(deep)
    with pytest.raises(StartError, match="shorter state folder"):
        await AdminServer(deep / SOCKET_NAME).__aenter__()


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Path]:
    def remove(word: str) -> dict[str, object]:
        if word == "Anna":
            raise CommandRefusedError("Anna stays.")
        return {"gone": word}

    async with AdminServer(tmp_path / SOCKET_NAME) as server:
        server.serve({"pair": lambda: {"link": "https://door/#p"}}, {"remove_phone": remove})
        yield tmp_path


async def test_a_command_may_take_a_word(listening: Path) -> None:
    word = 'Ben "the cleaner" Öztürk\n{"do": "pair"}'
    assert await asyncio.to_thread(ask, listening, "remove_phone", word) == {"gone": word}


async def test_a_command_may_be_refused(listening: Path) -> None:
    with pytest.raises(StartError, match="Anna stays"):
        await asyncio.to_thread(ask, listening, "remove_phone", "Anna")


@pytest.mark.parametrize(
    "line", [b'{"do": "remove_phone"}\n', b'{"do": "remove_phone", "word": 1}\n']
)
async def test_a_command_without_its_word_is_not_known(listening: Path, line: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(listening / SOCKET_NAME))
    writer.write(line)
    reply = json.loads(await reader.read())
    writer.close()
    assert reply == {"ok": False, "error": "The doorbell knows these commands: pair, remove_phone."}
