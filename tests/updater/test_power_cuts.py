"""The power goes at every single step of an update; what is found afterwards always rings.

A real process is killed at each step, with three ways of losing what was not on the disk yet.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.identity import Identity
from tests.support.power import LOSSES, Loss
from tests.support.update_bundles import SYSTEM, bundle_of
from tests.support.update_rig import Rig, fingerprint, launched
from tests.support.update_worker import Job

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = "1.1.0", "1.2.0"
# More steps than an update of so few files has: the walk ends when a run is not cut any more.
STEPS_LIMIT = 400
# A slot is cleaned, filled and tried; fewer steps would mean that some are not counted.
FEWEST_STEPS = 80


class House:
    """A doorbell with version OLD in force and a wish for NEW, copied anew for every cut."""

    def __init__(self, folder: Path) -> None:
        self.key, self._template = folder / "key.pem", folder / "template"
        signer = Identity.load_or_create(self.key)
        rig = Rig(self._template, [signer])
        rig.install(bundle_of(folder, OLD, signer))
        self._whole = {OLD: fingerprint(rig.slot("a"))}
        bundle = bundle_of(folder, NEW, signer, floor=OLD)
        self._whole[NEW] = fingerprint(folder / f"tree-{NEW}")
        rig.wish(bundle)
        self.folder = folder / "house"
        self._worker = subprocess.Popen(
            (sys.executable, "-m", "tests.support.update_worker"), cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def close(self) -> None:
        self._worker.communicate(timeout=10)

    def anew(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._template, self.folder, symlinks=True)

    def do(self, what: str, cut: int = 0, loss: Loss = "kill", bad: tuple[str, ...] = ()) -> bool:
        """Whether it came to its end; otherwise the power went."""
        job = Job(str(self.folder), str(self.key), what, cut, loss, bad)
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
        self._worker.stdin.flush()
        code = int(self._worker.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        return code == 0

    def boot(self, cut: int = 0, bad: tuple[str, ...] = ()) -> bool:
        """What happens when the power is back: the check, if one is due, and the doorbell."""
        self.check_startable()
        done = not (self.folder / "updates" / "pending").exists() or self.do("boot", cut, bad=bad)
        if done:
            (self.folder / "running").write_text(launched(self.folder))
        return done

    def check_startable(self) -> None:
        """`launch` finds a tree, and it is whole."""
        version = launched(self.folder)
        assert version in (SYSTEM.package, OLD, NEW)
        if version != SYSTEM.package:
            assert fingerprint(self.folder / "updates" / "current/") == self._whole[version]

    def check_at_rest(self) -> str:
        """Nothing is left lying about; the version in force."""
        updates = self.folder / "updates"
        rig = Rig(self.folder, [])
        state = rig.store.state
        assert state.step == "idle"
        assert not (updates / "pending").exists()
        assert not (updates / "incoming").exists()
        slots = {path.name for path in (updates / "slots").iterdir()}
        assert slots == {name for name in ("a", "b") if state.occupant(name) is not None}
        assert launched(self.folder) == rig.in_force()
        assert (self.folder / "running").read_text() == rig.in_force()
        self.check_startable()
        return rig.in_force()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    yield house
    house.close()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_cut_at_any_step_ends_with_the_new_version(house: House, loss: Loss) -> None:
    for cut in range(1, STEPS_LIMIT):
        house.anew()
        if house.do("run", cut, loss):
            break
        house.boot()
        house.do("run")
        assert house.check_at_rest() == NEW, f"cut at step {cut}"
    assert house.check_at_rest() == NEW
    assert cut > FEWEST_STEPS


@pytest.mark.parametrize("loss", LOSSES)
def test_a_cut_at_any_step_of_a_failing_update_ends_with_the_old_version(
    house: House, loss: Loss
) -> None:
    for cut in range(1, STEPS_LIMIT):
        house.anew()
        if house.do("run", cut, loss, bad=(NEW,)):
            break
        house.boot(bad=(NEW,))
        house.do("run", bad=(NEW,))
        assert house.check_at_rest() == OLD, f"cut at step {cut}"
    assert house.check_at_rest() == OLD
    assert cut > FEWEST_STEPS


def test_a_second_cut_in_the_repair_is_repaired_as_well(house: House) -> None:
    """For every first cut one of the boot check or of what follows it, at a step that moves on."""
    twice = 0
    for first in range(1, STEPS_LIMIT):
        house.anew()
        if house.do("run", first, "forgotten"):
            break
        second = 1 + first * 7 % 40
        at_boot = first % 2 == 0
        done = house.boot(second % 9 + 1) if at_boot else house.do("run", second, "forgotten")
        twice += not done
        house.boot()
        house.do("run")
        house.do("run")
        # Two cuts in one trial are reason enough to go back.
        assert house.check_at_rest() in (OLD, NEW), f"first cut at step {first}"
    assert twice > FEWEST_STEPS / 2


def test_a_version_that_takes_the_power_away_is_left_at_the_third_start(house: House) -> None:
    """It is not even healthy for as long as the updater needs to look at it."""
    house.anew()
    trail = _trail_of(house)
    attended = max(number for number, step in enumerate(trail, 1) if step == "restarted")
    house.anew()
    assert not house.do("run", attended)
    assert launched(house.folder) == NEW
    house.boot()
    assert launched(house.folder) == NEW
    house.boot()
    assert launched(house.folder) == OLD
    assert house.check_at_rest() == OLD
    house.do("run")
    assert house.check_at_rest() == OLD


def _trail_of(house: House) -> list[str]:
    assert house.do("run")
    trail: list[str] = json.loads((house.folder / "trail.json").read_text())
    return trail
