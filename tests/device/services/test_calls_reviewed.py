"""Calls whose phone or token loses its rights: ended, or not listened to, at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from device.services.call import CallLimits
from device.services.household import LOOK_EVERY_S
from protocol.door import Right, Window
from protocol.household import Access
from protocol.link import CallAnswer, CallRefused
from tests.support.calling_house import House, a_house
from tests.support.door import a_phone, eventually, running
from tests.support.phone import LoopPhone, ToneTrack

# "Within a second nothing flows"; the way through our own loop takes a fraction of it.
SOON_S = 0.5


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


def allow(house: House, phone: LoopPhone, *rights: Right) -> None:
    house.entrance.household.change(phone.identity.id, "Anna", Access(rights=rights))


async def test_a_removed_phone_is_cut_off_and_others_go_on(house: House) -> None:
    async with LoopPhone(ToneTrack(1000)) as anna, LoopPhone() as ben:
        await house.connect(anna, "call-0001", a_phone())
        await house.connect(ben, "call-0002", a_phone("b", "Ben"))
        await anna.until(lambda: anna.numbers and anna.replies)
        await ben.until(lambda: ben.numbers)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        house.entrance.household.remove(anna.identity.id)
        await eventually(lambda: house.ended == ["call-0001"])
        await eventually(lambda: anna.pc.connectionState == "closed")
        assert loop.time() - began_s < SOON_S
        seen, heard = len(anna.numbers), len(ben.numbers)
        await ben.until(lambda: len(ben.numbers) > heard + 15)
        # What the phone's decoder still held.
        assert len(anna.numbers) <= seen + 2
        assert house.ended == ["call-0001"]
        assert [who for who, _ in house.entrance.told("call_ended")] == [anna.identity.id]


async def test_a_phone_that_may_not_see_any_more_is_cut_off(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: phone.numbers)
        allow(house, phone, "view", "talk")
        allow(house, phone, "talk", "unlock")
        await eventually(lambda: house.ended == ["call-0001"], SOON_S)


async def test_a_phone_that_may_not_talk_any_more_is_not_heard(house: House) -> None:
    async with LoopPhone(ToneTrack(1000)) as phone:
        await house.connect(phone, caller=a_phone())
        await eventually(lambda: len(house.speaker.played) > 20)
        allow(house, phone, "view")
        await asyncio.sleep(0.1)
        played, seen = len(house.speaker.played), len(phone.numbers)
        await phone.until(lambda: len(phone.numbers) > seen + 20)
        assert len(house.speaker.played) == played
        assert house.ended == []


async def test_a_revoked_token_shows_nothing_any_more(house: House) -> None:
    household = house.entrance.household
    async with LoopPhone() as screen, LoopPhone() as other:
        await house.connect(screen, "call-0001")
        await house.connect(other, "call-0002")
        await screen.until(lambda: screen.numbers)
        await other.until(lambda: other.numbers)
        household.revoke(household.tokens[0].id)
        await eventually(lambda: house.ended == ["call-0001"], SOON_S)
        seen = len(other.numbers)
        await other.until(lambda: len(other.numbers) > seen + 15)
        assert house.ended == ["call-0001"]


async def test_a_phone_whose_window_closes_is_cut_off_within_a_second(house: House) -> None:
    entrance = house.entrance
    morning = Window(days=(0,), start=8 * 60, end=10 * 60)
    async with LoopPhone() as cleaner, running(entrance.household.run):
        await house.connect(cleaner, caller=a_phone())
        access = Access(rights=("view",), windows=(morning,))
        entrance.household.change(cleaner.identity.id, "Cleaner", access)
        await cleaner.until(lambda: cleaner.numbers)
        await asyncio.sleep(2 * LOOK_EVERY_S)
        assert house.ended == []
        entrance.now = replace(entrance.now, minute=10 * 60)
        await eventually(lambda: house.ended == ["call-0001"], 1.0)


async def test_a_clock_that_nobody_trusts_any_more_ends_timed_calls_only(house: House) -> None:
    entrance = house.entrance
    async with LoopPhone() as guest, LoopPhone() as anna, running(entrance.household.run):
        await house.connect(guest, "call-0001", a_phone("b", "Ben"))
        await house.connect(anna, "call-0002", a_phone())
        access = Access(rights=("view",), until_ms=entrance.now.epoch_ms + 60_000)
        entrance.household.change(guest.identity.id, "Ben", access)
        await guest.until(lambda: guest.numbers)
        await anna.until(lambda: anna.numbers)
        entrance.now = replace(entrance.now, trusted=False)
        await eventually(lambda: house.ended == ["call-0001"], 1.0)
        seen = len(anna.numbers)
        await anna.until(lambda: len(anna.numbers) > seen + 15)
        assert house.ended == ["call-0001"]


async def test_a_phone_removed_while_it_is_answered_is_refused(house: House) -> None:
    async with LoopPhone() as phone:
        offer = await house.entrance.offer(phone, "call-0001", a_phone())
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(house.offered(offer))
            while len(house.calls) == 0:  # noqa: ASYNC110 - one step of the loop
                await asyncio.sleep(0)
            assert not answering.done()
            house.entrance.household.remove(phone.identity.id)
        refusal = answering.result()
        assert isinstance(refusal, CallRefused)
        assert refusal.status == 403
        assert len(house.calls) == 0


async def test_a_call_and_its_end_are_in_the_log(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: phone.numbers)
        assert house.calls.calling() == {phone.identity.id}
    await eventually(lambda: house.ended == ["call-0001"])
    told = house.entrance.told
    assert told("call_began") == [(phone.identity.id, "It sees and hears the door.")]
    [(who, words)] = told("call_ended")
    assert (who, words.startswith("It lasted ")) == (phone.identity.id, True)
    assert house.calls.calling() == set()


async def test_channels_of_a_view_token_are_closed_and_not_one_is_attached(house: House) -> None:
    async with LoopPhone(ToneTrack(1000)) as screen:
        extra = [screen.pc.createDataChannel(label) for label in ("files", "household", "x")]
        await house.connect(screen)
        channels = [screen.control, screen.latest, *extra]
        await screen.until(lambda: len(screen.numbers) > 10)
        await eventually(lambda: {channel.readyState for channel in channels} == {"closed"})
        assert (screen.replies, house.desk.lines, house.desk.requests) == ([], [], [])
        assert house.speaker.played == []
        assert house.calls.calling() == set()


async def test_screens_do_not_keep_the_household_from_its_door() -> None:
    async with a_house(CallLimits(calls=2)) as house:
        for number in (1, 2):
            async with LoopPhone() as screen:
                assert isinstance(await house.call(screen, f"call-000{number}"), CallAnswer)
        async with LoopPhone() as phone, LoopPhone() as third, LoopPhone() as screen:
            await house.connect(phone, "call-0003", a_phone())
            await eventually(lambda: house.ended == ["call-0001"])
            refusal = await house.call(screen, "call-0004")
            assert isinstance(refusal, CallRefused)
            assert refusal.status == 503
            await house.connect(third, "call-0005", a_phone("b", "Ben"))
            await eventually(lambda: house.ended == ["call-0001", "call-0002"])
            # One phone does not take another's place.
            refusal = await house.call(screen, "call-0006", a_phone("c", "Cleo"))
            assert isinstance(refusal, CallRefused)
            await phone.until(lambda: phone.numbers)


async def test_a_line_names_the_channel_as_the_phone_does(house: House) -> None:
    async with LoopPhone() as phone:
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: phone.replies)
        [line] = house.desk.lines
        assert (line.call, line.phone.id) == ("call-0001", phone.identity.id)
        assert line.channel == phone.channel != ""
