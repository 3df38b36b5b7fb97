"""The household's phones: kept whole, changed only so that somebody can still manage them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.core.access import LocalTime
from device.errors import StartError
from device.services.household import (
    GUEST_RIGHTS,
    PHONES_LIMIT,
    Household,
    HouseholdFullError,
    LastAdminError,
    Passkey,
    UnknownMemberError,
)
from protocol.door import ALL_RIGHTS
from protocol.household import Access, HouseRules
from protocol.identity import Identity
from tests.support.noting_ledger import NotingLedger

NOW = LocalTime(1_803_859_200_000, 0, 0, trusted=True)
GUEST = Access(rights=("view", "talk"))
PASSKEY = Passkey(credential="AAAA", public_key="BBBB", rp_id="door.example",
                  origin="https://door.example")  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "phones.json"


class House:
    """A household with a ledger, and how often it told that it changed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ledger = NotingLedger()
        self.household = Household(file, lambda: NOW, self.ledger)
        self.told = 0
        self.household.watch(self._hear)

    def _hear(self) -> None:
        self.told += 1

    def pair(self, name: str, access: Access = GUEST) -> str:
        return self.household.welcome(Identity.generate().public, name, access).phone.id

    def again(self) -> Household:
        """As it is read at the next start."""
        return Household(self.file, lambda: NOW)


@pytest.fixture
def house(file: Path) -> House:
    return House(file)


def test_phones_survive_a_restart_in_a_private_file(file: Path) -> None:
    known = Household(file).welcome(Identity.generate().public, "Anna")
    assert Household(file).find(known.phone.id) == known
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["phones.json"]


def test_an_unknown_phone_is_not_found(file: Path) -> None:
    household = Household(file)
    assert household.find("a" * 26) is None
    assert household.effective("a" * 26) is None
    assert not household.may("a" * 26, "view")


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"version": 1, "phones": [{}]}', "[1]", "null", "{}", '{"version": "2"}', "{}x",
     '{"version": 2, "phones": [], "owner": 1}', '{"version": 0}', '{"version": true}'],
)  # fmt: skip
def test_a_damaged_file_is_said_and_kept(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(StartError, match="is damaged"):
        Household(file)
    assert file.read_text() == text


def test_a_file_from_the_future_is_said_and_kept(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"version": 3, "people": []}')
    with pytest.raises(StartError, match=r"newer Doorstep .*Update this one"):
        Household(file)
    assert file.read_text() == '{"version": 3, "people": []}'


def test_a_key_under_another_phones_id_is_damage(file: Path) -> None:
    key = Identity.generate().public.text
    phone = {"id": "a" * 26, "name": "Anna", "rights": ["admin"]}
    file.parent.mkdir()
    file.write_text(json.dumps({"version": 1, "phones": [{"phone": phone, "public_key": key}]}))
    with pytest.raises(StartError, match="a phone's key is another's"):
        Household(file)


def test_the_first_version_of_the_file_is_read_and_the_next_change_writes_the_second(
    file: Path,
) -> None:
    key = Identity.generate().public
    phone = {"id": key.id, "name": "Anna", "rights": list(ALL_RIGHTS)}
    file.parent.mkdir()
    old = json.dumps({"version": 1, "phones": [{"phone": phone, "public_key": key.text}]})
    file.write_text(old)
    household = Household(file, lambda: NOW)
    assert file.read_text() == old
    assert [known.phone.rights for known in household.phones] == [ALL_RIGHTS]
    assert household.kept[0].since_ms is None
    household.set_rules(HouseRules(unlock_passkey=True))
    assert json.loads(file.read_text())["version"] == 2
    again = Household(file)
    assert again.phones == household.phones
    assert again.rules == HouseRules(unlock_passkey=True)


def test_a_full_house_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.services.household.PHONES_LIMIT", 1)
    house.pair("Anna")
    with pytest.raises(HouseholdFullError, match="Remove one first"):
        house.pair("Ben")
    assert PHONES_LIMIT == 100


def test_the_first_phone_may_do_everything_and_the_next_what_was_chosen(house: House) -> None:
    anna, ben = house.pair("Anna"), house.pair("Ben")
    assert house.household.may(anna, "admin")
    assert not house.household.may(ben, "unlock")
    assert [kept.phone.rights for kept in house.household.kept] == [ALL_RIGHTS, GUEST.rights]
    assert {kept.since_ms for kept in house.again().kept} == {NOW.epoch_ms}
    assert house.ledger.whats == ["paired", "paired"]
    assert (house.ledger.rows[1].who, house.ledger.rows[1].name) == (ben, "Ben")


def test_without_a_choice_a_later_phone_gets_all_but_admin(house: House) -> None:
    house.pair("Anna")
    known = house.household.welcome(Identity.generate().public, "Ben")
    assert known.phone.rights == GUEST_RIGHTS
    assert "admin" not in GUEST_RIGHTS


def test_a_phone_that_comes_again_keeps_all_but_its_name(house: House) -> None:
    house.pair("Anna")
    key = Identity.generate().public
    house.household.welcome(key, "Ben", GUEST)
    house.household.keep_passkey(key.id, PASSKEY)
    again = house.household.welcome(key, "Benjamin", Access(rights=ALL_RIGHTS))
    assert (again.phone.name, again.phone.rights) == ("Benjamin", GUEST.rights)
    assert house.household.passkey_of(key.id) == PASSKEY
    assert len(house.household.phones) == 2


def test_rights_can_be_changed_and_stand_in_one_order(house: House) -> None:
    anna, ben = house.pair("Anna"), house.pair("Ben")
    changed = house.household.change(
        ben, "Ben", Access(rights=("unlock", "view", "view"), until_ms=NOW.epoch_ms + 1), by=anna
    )
    assert changed.phone.rights == ("view", "unlock")
    assert house.household.may(ben, "unlock")
    assert house.again().find(ben) == changed
    row = house.ledger.rows[-1]
    assert (row.what, row.who, row.name) == ("phone_changed", anna, "Anna")
    assert ben in row.detail
    assert house.told == 3


def test_a_removed_phone_is_nobody(house: House) -> None:
    anna, ben = house.pair("Anna"), house.pair("Ben")
    house.household.remove(ben, by=anna)
    assert house.household.find(ben) is None
    assert house.again().find(ben) is None
    assert house.ledger.whats[-1] == "phone_removed"
    assert house.told == 3
    with pytest.raises(UnknownMemberError, match="removed already"):
        house.household.remove(ben, by=anna)
    with pytest.raises(UnknownMemberError):
        house.household.change(ben, "Ben", GUEST)


@pytest.mark.parametrize(
    "less",
    [
        Access(rights=GUEST_RIGHTS),
        Access(rights=()),
        Access(rights=ALL_RIGHTS, until_ms=NOW.epoch_ms + 10**9),
    ],
)
def test_the_last_admin_stays(house: House, less: Access) -> None:
    anna, _ben = house.pair("Anna"), house.pair("Ben")
    written = house.file.read_text()
    with pytest.raises(LastAdminError, match="Somebody has to manage"):
        house.household.remove(anna, by=anna)
    with pytest.raises(LastAdminError):
        house.household.change(anna, "Anna", less, by=anna)
    assert house.household.may(anna, "admin")
    assert house.file.read_text() == written
    assert house.told == 2
    assert house.ledger.whats == ["paired", "paired"]


def test_an_admin_who_is_not_the_last_may_go(house: House) -> None:
    anna, ben = house.pair("Anna"), house.pair("Ben", Access(rights=ALL_RIGHTS))
    house.household.remove(anna, by=anna)
    assert (house.ledger.rows[-1].who, house.ledger.rows[-1].name) == (anna, "Anna")
    with pytest.raises(LastAdminError):
        house.household.remove(ben)


def test_an_admin_with_an_end_does_not_let_the_last_one_go(house: House) -> None:
    anna = house.pair("Anna")
    house.pair("Ben", Access(rights=ALL_RIGHTS, until_ms=NOW.epoch_ms + 10**9))
    with pytest.raises(LastAdminError):
        house.household.remove(anna)


def test_a_disk_that_takes_nothing_changes_nothing(file: Path) -> None:
    house = House(file)
    file.parent.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="exists"):
        house.pair("Anna")
    with pytest.raises(OSError, match="exists"):
        house.household.mint("Recorder", "record", None)
    with pytest.raises(OSError, match="exists"):
        house.household.set_rules(HouseRules(unlock_mqtt=True))
    with pytest.raises(OSError, match="exists"):
        house.household.reset()
    assert house.household.phones == ()
    assert house.household.tokens == ()
    assert house.household.rules == HouseRules()
    assert (house.told, house.ledger.rows) == (0, [])


def test_rules_are_kept_and_noted_when_they_change(house: House) -> None:
    anna = house.pair("Anna")
    house.household.set_rules(HouseRules(unlock_mqtt=True), by=anna)
    house.household.set_rules(HouseRules(unlock_mqtt=True), by=anna)
    assert house.again().rules.unlock_mqtt
    assert house.ledger.whats == ["paired", "policy_changed"]
    assert "the broker may open" in house.ledger.rows[-1].detail


def test_a_passkey_is_told_once_and_counts_silently(house: House) -> None:
    anna = house.pair("Anna")
    house.household.keep_passkey(anna, PASSKEY)
    used = PASSKEY.model_copy(update={"sign_count": 7})
    house.household.keep_passkey(anna, used)
    assert house.again().passkey_of(anna) == used
    assert (house.told, house.ledger.whats) == (2, ["paired", "passkey_made"])
    house.household.drop_passkey(anna)
    assert house.again().passkey_of(anna) is None
    assert house.ledger.whats[-1] == "passkey_removed"
    with pytest.raises(UnknownMemberError, match="has no passkey"):
        house.household.drop_passkey(anna)


def test_a_change_of_rights_keeps_the_passkey(house: House) -> None:
    house.pair("Anna")
    ben = house.pair("Ben")
    house.household.keep_passkey(ben, PASSKEY)
    house.household.change(ben, "Ben", Access(rights=("unlock",)))
    assert house.household.passkey_of(ben) == PASSKEY


def test_one_bad_listener_keeps_nobody_from_hearing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    house.household.watch(fail)
    house.household.watch(lambda: heard.append("changed"))
    house.pair("Anna")
    assert heard == ["changed"]
    assert "ZeroDivisionError" in caplog.text


def test_names_and_keys_are_not_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    anna = house.pair("Anna of the house")
    _, secret = house.household.mint("Kitchen tablet", "view", None, by=anna)
    house.household.change(anna, "Anna Anders", Access(rights=ALL_RIGHTS))
    for word in ("Anna", "Kitchen", secret, house.household.phones[0].public_key):
        assert word not in caplog.text
