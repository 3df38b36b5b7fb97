import os
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.keeper.arguments import DEFAULT_PIN, DEFAULT_SOCKET, ArgumentError, told
from hardware.keeper.chip import LineRelay
from hardware.keeper.client import DEFAULT_SOCKET as CLIENTS_SOCKET
from hardware.options import Pins
from tests.support.lock_keeper import ROOT, START_LIMIT_S


def test_it_has_the_doorbells_defaults() -> None:
    assert Pins().lock == DEFAULT_PIN
    assert str(CLIENTS_SOCKET) == DEFAULT_SOCKET
    what = told([])
    assert isinstance(what.relay, LineRelay)
    assert (what.socket, what.allowed, what.release) == (
        DEFAULT_SOCKET, frozenset({os.geteuid()}), False,
    )  # fmt: skip


def test_it_reads_the_doorbells_settings(tmp_path: Path) -> None:
    file = tmp_path / "device.toml"
    file.write_text('[pins]\nlock = 6\ninverted = ["lock"]\n[lock]\nkeeper = "/run/other"\n')
    what = told(["--config", str(file), "--allow", "0", "--allow", "4711"])
    assert vars(what.relay) == vars(LineRelay(6, True))
    assert what.socket == "/run/other"
    assert {0, 4711} <= what.allowed


def test_a_doorbell_needs_no_settings_file(tmp_path: Path) -> None:
    assert vars(told(["--config", str(tmp_path / "none")]).relay) == vars(LineRelay(22, False))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--pin", "five"], "The lock's pin five is no number."),
        (["--pin", "99"], "Lock is on GPIO 99, and the header has 0 to 27"),
        (["--pin", "5"], "A lock on GPIO 5 would open while the Pi boots"),
        (["--pin", "22", "--inverted"], "would open while the Pi boots"),
        (["--relay", "usb"], "Write file:PATH."),
        (["--allow", "nobody-of-that-name"], "There is no user nobody-of-that-name."),
        (["--pin"], "--pin needs a value."),
        (["--force"], "Unknown argument --force."),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], sentence: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        told(arguments)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("[pins\n", "is not valid TOML"), ("pins = 3\n", "Write [pins] above its settings.")],
)
def test_a_damaged_file_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "device.toml"
    file.write_text(text)
    with pytest.raises(ArgumentError) as caught:
        told(["--config", str(file)])
    assert sentence in str(caught.value)


def test_it_says_its_sentence_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-m", "hardware.keeper", "--pin", "5"],
        cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("A lock on GPIO 5 would open while the Pi boots")
    assert len(done.stderr.splitlines()) == 1
