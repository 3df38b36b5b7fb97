"""What a fresh doorbell shows: codes while nobody is paired, and none after."""

from __future__ import annotations

from typing import Any

import pytest

from device.errors import StartError
from device.welcome import FRESH_CODE_S, LOOK_AGAIN_S, Screen, own_addresses, welcome

READY = {"name": "Front door", "summary": "Ready", "linked": True, "phones": [], "faults": {}}


class Doorbell:
    """Answers as told, in hand-turned time; `told` maps a moment to a changed status."""

    def __init__(self, told: dict[float, dict[str, Any] | None]) -> None:
        self.now_s = 0.0
        self.shown: list[str] = []
        self.codes: list[tuple[float, str]] = []
        self._told = told

    @property
    def screen(self) -> Screen:
        return Screen(self._ask, self.shown.append, self._code, self._sleep)

    def _ask(self, command: str) -> dict[str, Any]:
        status = [self._told[moment] for moment in sorted(self._told) if moment <= self.now_s][-1]
        if status is None:
            raise StartError("No doorbell runs.")
        return READY | status if command == "status" else {"link": f"https://d/#{self.now_s:.0f}"}

    def _code(self, link: str) -> None:
        self.codes.append((self.now_s, link))

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds


def test_a_paired_doorbell_shows_no_code() -> None:
    doorbell = Doorbell({0: {"phones": ["Anna's phone"]}})
    welcome(doorbell.screen)
    assert doorbell.codes == []
    assert "Front door: Ready" in doorbell.shown[0]


def test_a_code_is_shown_until_a_phone_is_paired() -> None:
    doorbell = Doorbell({0: {}, 20: {"phones": ["Anna's phone"]}})
    welcome(doorbell.screen)
    assert doorbell.codes == [(0, "https://d/#0")]
    assert doorbell.now_s == 20
    assert doorbell.shown[-1].startswith("A phone is paired.")


def test_a_fresh_code_comes_before_the_old_one_dies() -> None:
    doorbell = Doorbell({0: {}, 1200: {"phones": ["Anna's phone"]}})
    welcome(doorbell.screen)
    assert [at for at, _ in doorbell.codes] == [0, FRESH_CODE_S, 2 * FRESH_CODE_S]


@pytest.mark.parametrize("away_from_s", [0, 537.5])
def test_a_doorbell_that_starts_late_or_again_is_waited_for(away_from_s: float) -> None:
    back_s = away_from_s + 60
    told: dict[float, dict[str, Any] | None] = {0: {}, away_from_s: None, back_s: {}}
    doorbell = Doorbell(told | {back_s + 30: {"phones": ["Anna's phone"]}})
    welcome(doorbell.screen)
    assert doorbell.codes[-1][0] >= back_s
    assert doorbell.now_s <= back_s + 30 + LOOK_AGAIN_S


def test_what_is_missing_stands_on_the_screen() -> None:
    faults = {"camera": "No camera was found. Check its ribbon cable."}
    doorbell = Doorbell({0: {"faults": faults, "linked": False, "phones": ["Anna's phone"]}})
    welcome(doorbell.screen)
    assert "  camera: No camera was found. Check its ribbon cable." in doorbell.shown[0]
    assert "not reached yet" in doorbell.shown[0]


def test_its_own_addresses_are_those_that_others_reach() -> None:
    assert not [address for address in own_addresses() if address.startswith("127.")]
