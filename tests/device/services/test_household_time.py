"""What time alone changes in a household: rights that begin and end, tokens that run out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.core.access import LocalTime
from device.services.clock import Clock
from device.services.clock_trust import NOT_BEFORE_S, ClockTrust
from device.services.household import LOOK_EVERY_S, USED_EVERY_MS, Household
from protocol.door import Window
from protocol.household import Access
from protocol.identity import Identity
from tests.support.virtual_time import run_virtual

# Monday, 08:00.
START = LocalTime(1_803_888_000_000, 0, 8 * 60, trusted=True)


class House:
    """A household whose clock a test turns; `told` are the moments at which it said so."""

    def __init__(self, folder: Path) -> None:
        self.time = START
        self.file = folder / "phones.json"
        self.household = Household(self.file, lambda: self.time)
        self.household.welcome(Identity.generate().public, "Anna")
        self.told = 0
        self.household.watch(self._hear)

    def _hear(self) -> None:
        self.told += 1

    def pair(self, access: Access) -> str:
        phone = self.household.welcome(Identity.generate().public, "Cleo", access).phone.id
        self.told = 0
        return phone

    def turn(self, minutes: int) -> None:
        minute = self.time.minute + minutes
        self.time = replace(
            self.time,
            epoch_ms=self.time.epoch_ms + minutes * 60_000,
            weekday=(self.time.weekday + minute // 1440) % 7,
            minute=minute % 1440,
        )

    def live(self, *changes: Callable[[], None]) -> list[int]:
        """Make one change after the other; how often watchers were told within a second of each."""
        heard: list[int] = []

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(self.household.run())
                for change in changes:
                    before = self.told
                    change()
                    await asyncio.sleep(0.99)
                    heard.append(self.told - before)
                task.cancel()

        run_virtual(main)
        return heard


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_look_comes_well_within_a_second() -> None:
    assert LOOK_EVERY_S <= 0.5


def test_the_end_of_rights_is_told_within_a_second(house: House) -> None:
    cleo = house.pair(Access(rights=("view",), until_ms=START.epoch_ms + 60_000))
    assert house.household.may(cleo, "view")
    heard = house.live(lambda: None, lambda: house.turn(1), lambda: house.turn(1))
    assert heard == [0, 1, 0]
    assert not house.household.may(cleo, "view")


def test_a_window_opens_and_closes_and_is_told(house: House) -> None:
    window = Window(days=(0,), start=9 * 60, end=10 * 60)
    cleo = house.pair(Access(rights=("view", "unlock"), windows=(window,)))
    seen: list[bool] = []
    house.household.watch(lambda: seen.append(house.household.may(cleo, "unlock")))
    heard = house.live(
        lambda: house.turn(59), lambda: house.turn(1), lambda: house.turn(59), lambda: house.turn(1)
    )
    assert heard == [0, 1, 0, 1]
    assert seen == [True, False]


def test_a_clock_that_loses_trust_takes_timed_rights_alone(house: House) -> None:
    cleo = house.pair(Access(rights=("view",), until_ms=START.epoch_ms + 10**9))
    anna = house.household.phones[0].phone.id
    heard = house.live(lambda: setattr(house, "time", replace(house.time, trusted=False)))
    assert heard == [1]
    assert not house.household.may(cleo, "view")
    assert house.household.may(anna, "view")
    assert not house.household.clock_trusted
    assert house.live(lambda: setattr(house, "time", START)) == [1]
    assert house.household.may(cleo, "view")


def test_members_have_the_rights_of_this_moment(house: House) -> None:
    window = Window(days=(0,), start=9 * 60, end=10 * 60)
    cleo = house.pair(Access(rights=("view",), windows=(window,)))

    def rights() -> dict[str, int]:
        return {k.phone.id: len(k.phone.rights) for k in house.household.members().phones}

    assert rights()[cleo] == 0
    house.turn(60)
    assert rights()[cleo] == 1
    assert house.household.members().phones[1].phone.windows == (window,)
    found = house.household.find(cleo)
    house.turn(60)
    assert house.household.find(cleo) == found
    effective = house.household.effective(cleo)
    assert effective is not None
    assert effective.rights == ()


def test_a_change_is_told_once(house: House) -> None:
    cleo = house.pair(Access(rights=("view",)))
    until = Access(rights=("view",), until_ms=START.epoch_ms - 1)

    def change() -> None:
        house.household.change(cleo, "Cleo", until)

    assert house.live(change) == [1]
    assert not house.household.may(cleo, "view")


def test_a_token_runs_out(house: House) -> None:
    token, secret = house.household.mint("Tablet", "view", START.epoch_ms + 60_000)
    assert house.household.token_holder(secret) is not None
    assert house.household.holds(token.id)
    assert house.live(lambda: house.turn(1)) == [1]
    assert house.household.token_holder(secret) is None
    assert not house.household.holds(token.id)


def test_a_record_token_is_the_servers_to_check_until_it_runs_out(house: House) -> None:
    token, secret = house.household.mint("Recorder", "record", START.epoch_ms + 60_000)
    view, _ = house.household.mint("Tablet", "view", None)
    assert [known.id for known in house.household.members().tokens] == [token.id]
    assert house.household.token_holder(secret) is None
    assert house.household.holds(view.id)
    house.turn(1)
    assert house.household.members().tokens == ()


def test_a_timed_token_does_not_hold_without_a_clock(house: House) -> None:
    _, timed = house.household.mint("Tablet", "view", START.epoch_ms + 10**9)
    _, lasting = house.household.mint("Wall", "view", None)
    house.time = replace(house.time, trusted=False)
    assert house.household.token_holder(timed) is None
    assert house.household.token_holder(lasting) is not None


def test_when_a_token_was_used_is_written_once_an_hour(house: House) -> None:
    _, secret = house.household.mint("Tablet", "view", None)
    house.household.token_holder(secret)
    first = house.file.read_text()
    house.turn(USED_EVERY_MS // 60_000 - 1)
    house.household.token_holder(secret)
    assert house.file.read_text() == first
    house.turn(1)
    found = house.household.token_holder(secret)
    assert found is not None
    assert found.used_ms == house.time.epoch_ms
    assert house.file.read_text() != first


def test_a_full_disk_is_no_reason_to_refuse_a_token(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    _, secret = house.household.mint("Tablet", "view", None)
    monkeypatch.setattr("device.services.household.write_whole", full)
    assert house.household.token_holder(secret) is not None


def test_a_clock_set_back_lets_no_old_guest_in_again(tmp_path: Path) -> None:
    """Not by a time server that lies, nor over a restart."""
    wall_s = [NOT_BEFORE_S + 1e6]

    def start() -> tuple[ClockTrust, Household]:
        trust = ClockTrust(tmp_path / "clock", "when_synchronized", lambda: wall_s[0], lambda: True)
        clock = Clock(lambda: wall_s[0], trust)
        return trust, Household(tmp_path / "phones.json", clock.local)

    async def look(trust: ClockTrust) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(trust.run())
            await asyncio.sleep(1)
            task.cancel()

    trust, household = start()
    anna = household.welcome(Identity.generate().public, "Anna").phone.id
    access = Access(rights=("unlock",), until_ms=round((wall_s[0] + 3600) * 1000))
    guest = household.welcome(Identity.generate().public, "Cleo", access).phone.id
    assert household.may(guest, "unlock")
    wall_s[0] += 30 * 86_400
    assert not household.may(guest, "unlock")
    run_virtual(lambda: look(trust))
    wall_s[0] -= 30 * 86_400
    for back in (household, start()[1]):
        assert not back.clock_trusted
        assert not back.may(guest, "unlock")
        assert back.may(anna, "unlock")
