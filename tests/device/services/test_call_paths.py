"""Paths that die: everything is freed in time, and other calls go on."""

from __future__ import annotations

import asyncio
import os

from device.services.call import CallLimits
from device.services.control import SILENCE_LIMIT_S
from media.peer import LOOK_EVERY_S
from protocol.link import CallAnswer
from tests.support.calling_house import House, a_house
from tests.support.door import a_phone, eventually
from tests.support.phone import LoopPhone

# A phone that has gone is forgotten within this time.
FREE_WITHIN_S = 6.0


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def vanish(phone: LoopPhone) -> None:
    """Its sockets are gone without a word, as when a phone loses its network."""
    connection = phone.receiver.transport.transport._connection
    for protocol in connection._protocols:
        protocol.transport.abort()


def with_dead_candidates(sdp: str) -> str:
    """Every address is one where nobody is."""
    dead = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"
    lines = sdp.splitlines(keepends=True)
    return "".join(dead if line.startswith("a=candidate") else line for line in lines)


async def watching(house: House, phone: LoopPhone, number: int, viewer: bool = False) -> None:
    caller = None if viewer else a_phone("abc"[number], "Anna")
    await house.connect(phone, f"call-000{number}", caller)
    await phone.until(lambda: phone.numbers)


def test_the_limits_leave_time_to_close() -> None:
    assert SILENCE_LIMIT_S + LOOK_EVERY_S <= FREE_WITHIN_S


async def test_a_phone_that_vanishes_is_freed_and_others_go_on() -> None:
    async with a_house(CallLimits(silence_s=1.5)) as house, LoopPhone() as other:
        await watching(house, other, 1)
        before = open_files()
        async with LoopPhone() as gone:
            await watching(house, gone, 2)
            # Silence counts from the first word on the channel.
            await gone.until(lambda: gone.replies)
            vanish(gone)
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            await eventually(lambda: house.ended == ["call-0002"])
            assert loop.time() - began_s < FREE_WITHIN_S
        seen = len(other.numbers)
        await other.until(lambda: len(other.numbers) > seen + 15)
        # The connection kept ready may have been made anew meanwhile; it has as many sockets.
        await eventually(lambda: open_files() <= before)


async def test_a_viewer_that_vanishes_is_noticed_by_its_reports() -> None:
    limits = CallLimits(unheard_s=2.5)
    async with a_house(limits) as house, LoopPhone() as viewer:
        await watching(house, viewer, 1, viewer=True)
        await asyncio.sleep(3)
        assert house.ended == []
        vanish(viewer)
        await eventually(lambda: house.ended == ["call-0001"])


async def test_a_socket_that_fails_ends_its_own_call_only() -> None:
    limits = CallLimits(silence_s=1.5)
    async with a_house(limits) as house, LoopPhone() as first, LoopPhone() as second:
        await watching(house, first, 1)
        await watching(house, second, 2)
        victim = house.calls._calls["call-0001"].path.pc
        for protocol in victim._gatherings[0]._connection._protocols:
            protocol.transport.abort()
            protocol.error_received(OSError("the network is down"))
        await eventually(lambda: house.ended == ["call-0001"])
        seen = len(second.numbers)
        await second.until(lambda: len(second.numbers) > seen + 15)
        assert house.ended == ["call-0001"]


async def test_an_ice_failure_ends_its_own_call_only() -> None:
    async with a_house(CallLimits(connect_s=1.0)) as house, LoopPhone() as other:
        await watching(house, other, 1)
        async with LoopPhone() as nowhere:
            nowhere.spoil = with_dead_candidates
            answer = await house.call(nowhere, "call-0002", a_phone("b", "Ben"))
            assert isinstance(answer, CallAnswer)
            await eventually(lambda: house.ended == ["call-0002"])
        seen = len(other.numbers)
        await other.until(lambda: len(other.numbers) > seen + 15)
