"""Whatever is done to a household: somebody manages it, the disk has it, and it was noted."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from device.core.access import LocalTime, is_lasting_admin
from device.services.household import Household, HouseholdError
from protocol.door import ALL_RIGHTS, Window
from protocol.household import Access, HouseRules
from protocol.identity import Identity
from tests.support.noting_ledger import NotingLedger

KEYS = tuple(Identity.generate().public for _ in range(4))
START_MS = 1_803_859_200_000
DAY_MS = 86_400_000

numbers = st.integers(0, len(KEYS) - 1)
accesses = st.builds(
    Access,
    rights=st.lists(st.sampled_from(ALL_RIGHTS), max_size=7).map(tuple),
    until_ms=st.none() | st.integers(START_MS - DAY_MS, START_MS + 3 * DAY_MS),
    windows=st.just(()) | st.just((Window(days=(0, 2), start=1320, end=360),)),
)


class Households(RuleBasedStateMachine):
    """`disk` may be full; then nothing changes."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.file = Path(self._folder.name) / "phones.json"
        self.now = LocalTime(START_MS, 0, 0, trusted=True)
        self.ledger = NotingLedger()
        self.household = self._read(self.ledger)
        self.changes = self.told = 0
        self.household.watch(self._hear)

    def _read(self, ledger: NotingLedger | None = None) -> Household:
        return Household(self.file, lambda: self.now, ledger)

    def _hear(self) -> None:
        self.told += 1

    def teardown(self) -> None:
        self._folder.cleanup()

    @rule(number=numbers, access=accesses)
    def come(self, number: int, access: Access) -> None:
        self.household.welcome(KEYS[number], "Somebody", access)
        self.changes += 1

    @rule(number=numbers, access=accesses)
    def change(self, number: int, access: Access) -> None:
        try:
            self.household.change(KEYS[number].id, "Somebody else", access)
        except HouseholdError:
            return
        self.changes += 1

    @rule(number=numbers)
    def remove(self, number: int) -> None:
        try:
            self.household.remove(KEYS[number].id)
        except HouseholdError:
            return
        self.changes += 1

    @rule(number=numbers)
    def a_full_disk_changes_nothing(self, number: int) -> None:
        phones, text = self.household.phones, self._text()
        self.household._path = Path("/proc/sys/doorstep/phones.json")
        try:
            for change in (
                lambda: self.household.welcome(KEYS[number], "Nobody"),
                lambda: self.household.remove(KEYS[number].id),
                lambda: self.household.reset(),
            ):
                try:
                    change()
                except (HouseholdError, OSError):
                    continue
                raise AssertionError("It counted without being written.")
        finally:
            self.household._path = self.file
        assert (self.household.phones, self._text()) == (phones, text)

    @rule(passkey=st.booleans())
    def rules_change(self, passkey: bool) -> None:
        if self.household.rules.unlock_passkey is not passkey:
            self.changes += 1
        self.household.set_rules(HouseRules(unlock_passkey=passkey))

    @rule()
    def reset(self) -> None:
        gone = {known.phone.id for known in self.household.phones}
        self.household.reset()
        self.changes += 1
        assert gone <= set(self.household.members().forgotten)

    @rule(minutes=st.integers(1, 3 * 1440), trusted=st.booleans())
    def time_passes(self, minutes: int, trusted: bool) -> None:
        minute = self.now.minute + minutes
        self.now = replace(
            self.now,
            epoch_ms=self.now.epoch_ms + minutes * 60_000,
            weekday=(self.now.weekday + minute // 1440) % 7,
            minute=minute % 1440,
            trusted=trusted,
        )

    @invariant()
    def somebody_manages_it_for_good(self) -> None:
        phones = self.household.phones
        assert not phones or any(is_lasting_admin(known.phone) for known in phones)
        assert not phones or any(self.household.may(known.phone.id, "admin") for known in phones)

    @invariant()
    def nobody_may_more_than_was_given(self) -> None:
        for known in self.household.members().phones:
            given = self.household.find(known.phone.id)
            assert given is not None
            assert set(known.phone.rights) <= set(given.phone.rights)

    @invariant()
    def the_disk_has_it(self) -> None:
        again = self._read()
        assert again.kept == self.household.kept
        assert again.rules == self.household.rules
        assert again.members() == self.household.members()

    @invariant()
    def all_was_noted_and_told(self) -> None:
        assert len(self.ledger.rows) == self.changes == self.told

    def _text(self) -> str:
        return self.file.read_text() if self.file.exists() else ""


TestHouseholds = Households.TestCase
TestHouseholds.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
