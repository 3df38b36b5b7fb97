"""Calls without picture or sound: they manage the household, and nobody else notices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from device.services.call import CallLimits
from protocol.control import CallState
from protocol.door import Phone
from protocol.household import HouseholdRefused
from protocol.link import CallAnswer, CallRefused
from tests.support.calling_house import House, a_house
from tests.support.desk_phone import DeskPhone
from tests.support.door import a_phone, eventually
from tests.support.phone import LoopPhone

GUEST = a_phone("b", "Ben", ("view", "talk"))


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


async def test_a_phone_is_served_and_nobody_notices(house: House) -> None:
    async with LoopPhone() as anna, DeskPhone() as ben:
        await house.connect(anna, "call-0001", a_phone())
        await anna.until(lambda: anna.numbers and anna.replies)
        notes, asked = list(house.desk.notes), house.camera.keyframe_requests
        await house.connect(ben, "call-0002", a_phone("b", "Ben"), answers="visit-0001")
        reply = await ben.show(1)
        assert not isinstance(reply, HouseholdRefused)
        [line] = house.counter.lines
        assert (line.call, line.phone.id, line.channel) == (
            "call-0002", ben.identity.id, ben.channel,
        )  # fmt: skip
        # No viewer, no ring answered, no picture asked for.
        assert house.desk.notes == notes
        assert house.camera.keyframe_requests == asked
        assert house.calls.calling() == {anna.identity.id}
        states = [reply for reply in anna.replies if isinstance(reply, CallState)]
        assert all(state.others == () for state in states)
        await house.calls.hang_up("call-0002")
        await eventually(lambda: house.ended == ["call-0002"])
        assert house.desk.notes == notes


async def test_other_channels_have_no_place_there(house: House) -> None:
    async with DeskPhone("control", "files", "latest", "Household") as phone:
        await house.connect(phone, caller=a_phone())
        await phone.show(1)
        await eventually(lambda: {channel.readyState for channel in phone.others} == {"closed"})
        assert house.desk.lines == []


async def test_a_call_with_a_picture_has_no_place_for_the_household(house: House) -> None:
    async with LoopPhone() as phone:
        channel = phone.pc.createDataChannel("household")
        await house.connect(phone, caller=a_phone())
        await phone.until(lambda: phone.numbers)
        await eventually(lambda: channel.readyState == "closed")
        assert house.counter.lines == []


async def test_it_takes_no_right_but_to_be_paired_and_ends_with_that(house: House) -> None:
    async with DeskPhone() as phone:
        await house.connect(phone, caller=a_phone(rights=()))
        await phone.show(1)
        house.entrance.household.remove(phone.identity.id)
        await eventually(lambda: house.ended == ["call-0001"], 0.5)
        await eventually(lambda: phone.pc.connectionState == "closed")


async def test_it_has_a_limit_of_its_own() -> None:
    limits = CallLimits(calls=1, lines=2)
    async with a_house(limits) as house, LoopPhone() as watching, LoopPhone() as late:
        await house.connect(watching, "call-0001", a_phone())
        for number in (2, 3):
            await called(house, number, GUEST)
        refused = await called(house, 4, GUEST)
        assert isinstance(refused, CallRefused)
        assert (refused.status, "2 phones manage" in refused.detail) == (503, True)
        refused = await house.call(late, "call-0005", a_phone("c", "Cleo"))
        assert isinstance(refused, CallRefused)
        assert (refused.status, "1 phones are connected" in refused.detail) == (503, True)


async def called(house: House, number: int, caller: Phone) -> CallAnswer | CallRefused:
    """A new phone's call, answered and not connected."""
    async with DeskPhone() as phone:
        return await house.call(phone, f"call-000{number}", caller)


async def test_guests_do_not_keep_an_admin_out() -> None:
    async with a_house(CallLimits(lines=2)) as house, DeskPhone() as admin:
        await called(house, 1, GUEST)
        await called(house, 2, GUEST)
        await house.connect(admin, "call-0003", a_phone())
        await eventually(lambda: house.ended == ["call-0001"])
        await admin.show(1)
        # Nor does a phone need a second line while it holds one.
        assert isinstance(await called(house, 4, a_phone("d", "Dora")), CallAnswer)
        await eventually(lambda: house.ended == ["call-0001", "call-0002"])
        again = await house.call(admin, "call-0005", a_phone())
        assert isinstance(again, CallAnswer)
        await eventually(lambda: house.ended == ["call-0001", "call-0002", "call-0003"])
