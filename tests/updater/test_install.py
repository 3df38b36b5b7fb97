"""An update is installed, tried, and taken back when it does not ring."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.identity import Identity
from tests.support.update_bundles import SYSTEM, bundle_of, tree_of
from tests.support.update_rig import Rig, fingerprint, launched
from updater.errors import BusyError, UpdateError
from updater.health import READY_LIMIT_S, STEADY_S, Answer

SIGNER = Identity.generate()


def test_the_first_update_runs_beside_the_package(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER, floor="1.1"))

    assert rig.in_force() == "1.2.0"
    assert rig.door.restarts == ["1.2.0"]
    assert rig.clock.time >= STEADY_S
    assert rig.store.state.floor == "1.1"
    assert fingerprint(rig.slot("a")) == fingerprint(tree_of(tmp_path / "again", "1.2.0"))
    assert not rig.store.pending.exists()
    assert not rig.store.incoming.exists()


def test_updates_alternate_between_the_slots(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    for number, version in enumerate(("1.1.0", "1.2.0", "1.10.0", "1.11.0")):
        rig.install(bundle_of(tmp_path, version, SIGNER))
        assert rig.store.state.in_force == ("a", "b")[number % 2]
        assert launched(tmp_path) == version


def test_a_version_that_does_not_become_ready_is_taken_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.1.0", SIGNER))
    rig.door.bad = ("1.2.0",)
    with pytest.raises(
        UpdateError, match=r"1\.2\.0 was tried and taken back: it did not become ready"
    ):
        rig.install(bundle_of(tmp_path, "1.2.0", SIGNER, floor="1.2"))

    assert launched(tmp_path) == rig.in_force() == "1.1.0"
    assert rig.door.restarts == ["1.1.0", "1.2.0", "1.1.0"]
    assert rig.clock.time >= READY_LIMIT_S
    progress = rig.store.progress()
    assert (progress.failed, progress.trouble, progress.rolled_back) == (
        "1.2.0", "unhealthy", True,
    )  # fmt: skip
    # A version that never was in force raises no floor.
    assert rig.store.state.floor == "0.0"


def test_a_version_that_loses_the_camera_is_taken_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.door.blind = ("1.2.0",)
    with pytest.raises(UpdateError, match="its camera no longer worked"):
        rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert launched(tmp_path) == SYSTEM.package


def test_the_doorbell_is_restarted_whatever_it_calls_itself(tmp_path: Path) -> None:
    """One that looks it up behind `current` has the new name before it has the new code."""
    rig = Rig(tmp_path, [SIGNER])
    rig.door.ask = lambda: Answer(launched(tmp_path), busy=False, faults=())  # type: ignore[method-assign]
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert rig.door.restarts == ["1.2.0"]


def test_a_camera_that_was_broken_before_is_no_reason_to_go_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.door.blind = (SYSTEM.package, "1.2.0")
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert rig.in_force() == "1.2.0"


def test_a_doorbell_that_starts_again_and_again_is_not_ready(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    numbers = iter(range(10_000, 20_000))
    rig.door.process = lambda: next(numbers)  # type: ignore[method-assign]
    with pytest.raises(UpdateError, match="it did not stay up"):
        rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert rig.in_force() == SYSTEM.package


def test_nothing_is_tried_while_somebody_is_at_the_door(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.door.busy = True

    def leave(now: float) -> None:
        assert launched(tmp_path) == SYSTEM.package or now >= 600
        rig.door.busy = now < 600

    rig.clock.at = leave
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert rig.clock.time >= 600 + STEADY_S
    assert rig.in_force() == "1.2.0"


def test_a_visit_without_end_leaves_the_update_for_later(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.door.busy = True
    with pytest.raises(BusyError):
        rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert rig.door.restarts == []
    assert rig.store.state.step == "ready"

    rig.door.busy = False
    rig.installer.take_up()
    assert rig.in_force() == "1.2.0"


def test_going_back_by_hand_and_forth_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    rig.installer.roll_back()
    assert launched(tmp_path) == rig.in_force() == SYSTEM.package
    rig.installer.roll_back()
    assert launched(tmp_path) == rig.in_force() == "1.2.0"
    assert rig.door.restarts == ["1.2.0", SYSTEM.package, "1.2.0"]


def test_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="no former version") as refused:
        Rig(tmp_path, [SIGNER]).installer.roll_back()
    assert refused.value.trouble == "no_former"


def test_nobody_goes_back_below_the_floor(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.1.0", SIGNER))
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER, floor="1.2.0"))
    with pytest.raises(UpdateError, match=r"1\.1\.0 is not safe any more"):
        rig.installer.roll_back()
    assert rig.in_force() == "1.2.0"


def test_the_floor_stays_for_ever(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.3.0", SIGNER, floor="1.3"))
    old = bundle_of(tmp_path, "1.2.9", SIGNER)
    for damage in (lambda: None, lambda: rig.store.state_file.write_text("{")):
        damage()
        again = Rig(tmp_path, [SIGNER])
        with pytest.raises(UpdateError, match=r"older than 1\.3, the oldest") as refused:
            again.install(old, older=True)
        assert refused.value.trouble == "too_old"


def test_an_older_version_above_the_floor_only_when_a_person_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.3.0", SIGNER, floor="1.1"))
    old = bundle_of(tmp_path, "1.2.0", SIGNER)
    with pytest.raises(UpdateError, match=r"not newer than 1\.3\.0"):
        rig.install(old)
    rig.install(old, older=True)
    assert rig.in_force() == "1.2.0"
    assert rig.store.state.floor == "1.1"


def test_a_newer_package_takes_the_place_of_its_slots(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    newer = Rig(tmp_path, [SIGNER], system=SYSTEM.__class__("trixie", "arm64", "3.13", "1.3.0"))
    newer.installer.check_at_boot()
    assert not newer.store.current.is_symlink()
    assert list(newer.store.slots.iterdir()) == []
    assert newer.store.state.step == "idle"


def test_a_system_upgrade_takes_the_slots_away(tmp_path: Path) -> None:
    old = SYSTEM.__class__("bookworm", "arm64", "3.11", "1.0.0")
    rig = Rig(tmp_path, [SIGNER])
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    Rig(tmp_path, [SIGNER], system=old).installer.take_up()
    assert launched(tmp_path) == "1.0.0"


def test_a_wish_is_heeded_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [SIGNER])
    rig.door.bad = ("1.2.0",)
    wish = rig.wish(bundle_of(tmp_path, "1.2.0", SIGNER))
    with pytest.raises(UpdateError):
        rig.installer.obey(wish, rig.mailbox)
    rig.installer.obey(wish, rig.mailbox)
    assert rig.door.restarts == ["1.2.0", SYSTEM.package]
    assert rig.store.progress().wish == wish.id
