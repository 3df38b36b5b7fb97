"""A whole card: what can be said without building it, and, where that is allowed, a start of it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from image.card.__main__ import main
from image.card.board import BOOT_PARTITION_AT_BYTES, missing
from image.card.trial import Trial
from tests.support.console_code import read_code

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "image/card"
FSTAB = CARD / "files/etc/fstab"


def not_here() -> str | None:
    """Why no card is built and started on this machine, or nothing."""
    if os.environ.get("DOORSTEP_IMAGE") != "1":
        return "DOORSTEP_IMAGE=1 is not set; it takes many minutes"
    if os.geteuid() != 0:
        return "only root can build a card"
    return missing()


def mounts() -> dict[str, list[str]]:
    """Fields of fstab by where they are mounted."""
    lines = [line.split() for line in FSTAB.read_text().splitlines() if not line.startswith("#")]
    return {fields[1]: fields for fields in lines}


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(CARD / "build.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Name the image"),
        (("--deb", "no.deb", "out.img"), "make deb"),
        (("--size", "out.img"), "Unknown argument"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: tuple[str, ...], says: str) -> None:
    done = build(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_image_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "no.img"), "--keep", str(tmp_path)]) == 2
    assert "make image" in capsys.readouterr().err


def test_card_files_go_where_the_build_has_put_the_boot_partition() -> None:
    at_mib = re.search(r"boot_at=(\d+)", (CARD / "build.sh").read_text())
    assert at_mib is not None
    assert int(at_mib[1]) * (1 << 20) == BOOT_PARTITION_AT_BYTES


def test_what_the_units_keep_stands_on_the_state_partition() -> None:
    units = "".join(path.read_text() for path in (ROOT / "systemd").glob("*.service"))
    kept = re.findall(r"^StateDirectory=(.+)$", units, re.M)
    assert kept
    for folder in {name for names in kept for name in names.split()}:
        source = mounts()[f"/var/lib/{folder}"][0]
        assert source == f"/var/lib/doorstep-state/{folder}"


def test_a_card_is_written_seldom_and_checked_at_each_start() -> None:
    for place in ("/", "/var/lib/doorstep-state"):
        _, _, kind, options, _, order = mounts()[place]
        assert kind == "ext4"
        assert "noatime" in options.split(",")
        assert int(order) > 0
    assert not [fields for fields in mounts().values() if fields[2] == "swap"]


@pytest.mark.image
@pytest.mark.skipif(not_here() is not None, reason=f"no card is started: {not_here()}")
def test_a_card_shows_a_pairing_code(tmp_path: Path) -> None:
    """Flashed, told by card files, started: as a person does it."""
    packages = sorted((ROOT / "image/out").glob("doorstep_*+deb13*_arm64.deb"))
    assert packages, "make deb ARCH=arm64 SUITE=trixie comes first"
    done = build("--deb", str(packages[-1]), str(tmp_path / "card-image.img"))
    assert done.returncode == 0, done.stderr
    lines: list[str] = []
    Trial(tmp_path, lines.append).start(tmp_path / "card-image.img")
    assert any("pairing code" in line for line in lines)
    console = (tmp_path / "console.txt").read_text("utf-8", "replace")
    assert read_code(console) in console
