"""The file on the card that takes all phones out: once, whatever becomes of the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from device.core.access import LocalTime
from device.errors import StartError
from device.services.household import Household, Passkey
from device.services.reset import RESET_FILE, ask_for_reset, obey_reset_files
from protocol.household import HouseRules
from protocol.identity import Identity
from tests.support.noting_ledger import NotingLedger

NOW = LocalTime(1_803_859_200_000, 0, 0, trusted=True)


class House:
    def __init__(self, folder: Path) -> None:
        self.card = folder / "card"
        self.card.mkdir()
        self.file = self.card / RESET_FILE
        self.ledger = NotingLedger()
        self.book = folder / "state" / "phones.json"
        self.start()

    def start(self) -> None:
        """As the doorbell does, each time."""
        self.household = Household(self.book, lambda: NOW, self.ledger)
        obey_reset_files(self.household, (self.book.parent, self.card))

    def pair(self, name: str = "Anna") -> str:
        return self.household.welcome(Identity.generate().public, name).phone.id

    @property
    def names(self) -> list[str]:
        return [known.phone.name for known in self.household.phones]

    @property
    def resets(self) -> int:
        return self.ledger.whats.count("household_reset")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_all_is_wiped_once_and_the_phones_wait_to_be_told(house: House) -> None:
    anna, ben = house.pair(), house.pair("Ben")
    house.household.keep_passkey(
        anna, Passkey(credential="AA", public_key="BB", rp_id="a", origin="http://a")
    )
    _, secret = house.household.mint("Tablet", "view", None)
    house.household.set_rules(HouseRules(unlock_mqtt=True))
    house.file.write_text("")
    house.start()
    assert not house.file.exists()
    assert len(house.household.phones) == 0
    assert house.household.tokens == ()
    assert house.household.token_holder(secret) is None
    assert house.household.rules == HouseRules()
    assert house.household.passkey_of(anna) is None
    assert set(house.household.members().forgotten) == {anna, ben}
    assert house.ledger.rows[-1].what == "household_reset"
    house.start()
    assert house.resets == 1


def test_the_next_phone_is_the_first_again(house: House) -> None:
    house.pair()
    house.file.write_text("")
    house.start()
    assert house.household.may(house.pair("Cleo"), "admin")


def test_phones_that_were_told_or_came_back_are_not_waited_for(house: House) -> None:
    key = Identity.generate().public
    house.household.welcome(key, "Anna")
    ben = house.pair("Ben")
    cleo = house.pair("Cleo")
    house.household.reset()
    house.household.welcome(key, "Anna")
    assert set(house.household.members().forgotten) == {ben, cleo}
    house.household.farewells_told((ben, "z" * 26))
    house.start()
    assert house.household.members().forgotten == (cleo,)


def test_the_newest_hundred_are_remembered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.services.household.PHONES_LIMIT", 2)
    anna = house.pair()
    house.household.reset()
    ben, cleo = house.pair("Ben"), house.pair("Cleo")
    house.household.reset()
    assert house.household.members().forgotten == (cleo, ben)
    assert anna not in house.household.members().forgotten


def test_a_card_that_cannot_be_written_to_resets_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(30, "Read-only file system")

    house.pair()
    house.file.write_text("")
    with monkeypatch.context() as card:
        card.setattr(Path, "unlink", read_only)
        house.start()
    assert len(house.household.phones) == 0
    assert "cannot be removed: Read-only file system. Remove it." in caplog.text
    house.pair("Ben")
    with monkeypatch.context() as card:
        card.setattr(Path, "unlink", read_only)
        house.start()
    assert house.names == ["Ben"]
    assert house.resets == 1


def test_another_file_of_that_name_is_another_wish(house: House) -> None:
    for at_s in (1.8e9, 1.9e9):
        house.pair()
        house.file.write_text("")
        os.utime(house.file, (at_s, at_s))
        house.start()
        assert len(house.household.phones) == 0
    assert house.resets == 2


def test_a_crash_between_wiping_and_removing_wipes_no_second_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CrashError(BaseException):
        pass

    def crash(path: Path) -> None:
        raise CrashError

    house.pair()
    house.file.write_text("")
    with monkeypatch.context() as power:
        power.setattr("device.services.reset._remove", crash)
        with pytest.raises(CrashError):
            house.start()
    assert house.file.exists()
    house.start()
    house.pair("Ben")
    house.start()
    assert house.names == ["Ben"]
    assert house.resets == 1


def test_a_disk_that_takes_nothing_keeps_the_wish(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    house.pair()
    house.file.write_text("")
    with monkeypatch.context() as disk:
        disk.setattr("device.services.household.write_whole", full)
        with pytest.raises(StartError, match="Free the disk, or remove the file"):
            house.start()
    assert house.file.exists()
    house.start()
    assert len(house.household.phones) == 0


def test_a_folder_of_that_name_is_no_wish(house: House, caplog: pytest.LogCaptureFixture) -> None:
    anna = house.pair()
    house.file.mkdir()
    house.start()
    assert house.household.find(anna) is not None
    assert "is not obeyed" in caplog.text


def test_the_command_leaves_such_a_file(house: House) -> None:
    house.pair()
    ask_for_reset(house.book.parent)
    house.start()
    assert len(house.household.phones) == 0
    assert not (house.book.parent / RESET_FILE).exists()
