from __future__ import annotations

from pathlib import Path

import pytest

from device.errors import StartError
from device.services.household import PHONES_LIMIT, Household, HouseholdFullError
from protocol.identity import Identity


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "phones.json"


def test_phones_survive_a_restart_in_a_private_file(file: Path) -> None:
    known = Household(file).welcome(Identity.generate().public, "Anna")
    assert Household(file).find(known.phone.id) == known
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["phones.json"]


def test_an_unknown_phone_is_not_found(file: Path) -> None:
    assert Household(file).find("a" * 26) is None


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "phones": [{}]}', "[1]"])
def test_a_damaged_file_is_said_and_kept(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(StartError, match="is damaged"):
        Household(file)
    assert file.read_text() == text


def test_a_full_house_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.services.household.PHONES_LIMIT", 1)
    household = Household(file)
    household.welcome(Identity.generate().public, "Anna")
    with pytest.raises(HouseholdFullError, match="Remove one first"):
        household.welcome(Identity.generate().public, "Ben")
    assert PHONES_LIMIT == 100


def test_a_disk_that_takes_nothing_changes_nothing(file: Path) -> None:
    household = Household(file)
    file.parent.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="exists"):
        household.welcome(Identity.generate().public, "Anna")
    assert household.phones == ()
