"""The layer for rpi-image-gen: it reads as one, and its hooks do what they say.

Its own tools build from an archive of Raspberry Pi and are not at hand here.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.yaml_reading import read_yaml

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "image/layer/layer/doorstep.yaml"
CONFIG = ROOT / "image/layer/config/doorstep-ab.yaml"
FIELDS = {"Name", "Category", "Desc", "Version", "Requires"}
ABOUT_VARIABLES = {"Desc", "Required", "Valid", "Set"}
HOOKS = {"setup-hooks", "extract-hooks", "essential-hooks", "customize-hooks", "cleanup-hooks"}
VARIABLES = {"IGconf_doorstep_package": "doorstep.deb", "IGconf_doorstep_sound": "usb"}


def metadata() -> dict[str, str]:
    """The fields between METABEGIN and METAEND; further lines are indented by a space."""
    text = LAYER.read_text("utf-8").partition("# METABEGIN\n")[2].partition("# METAEND")[0]
    joined = re.sub(r"\n#  (?=\S)", " ", text)
    found = re.findall(r"^# X-Env-([\w-]+): (.+)$", joined, re.M)
    assert len(found) == len(re.findall(r"^# \S", joined, re.M))
    return dict(found)


def hooks() -> list[str]:
    """All of them but the first, which installs the package from an archive."""
    told: list[str] = layer()["customize-hooks"]
    return told[1:]


def layer() -> dict[str, Any]:
    told: dict[str, Any] = read_yaml(LAYER.read_text("utf-8"))["mmdebstrap"]
    return told


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Of a system in which the package has just been installed."""
    for folder in ("boot/firmware", "etc/doorstep", "usr/lib/tmpfiles.d", "var/lib/doorstep"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "boot/firmware/config.txt").write_text("arm_64bit=1\n")
    (tmp_path / "etc/doorstep/device.toml").write_text("[doorbell]\n")
    (tmp_path / "var/lib/doorstep/identity.pem").write_text("a key made while building\n")
    return tmp_path


def run_hooks(tree: Path, **changed: str) -> None:
    for hook in hooks():
        subprocess.run(
            ["sh", "-c", hook, "sh", str(tree)], check=True, env=os.environ | VARIABLES | changed
        )


def test_the_metadata_are_complete() -> None:
    told = metadata()
    assert {f"Layer-{field}" for field in FIELDS} <= told.keys()
    assert told["VarPrefix"] == told["Layer-Name"] == "doorstep"
    named = {key.split("-")[1] for key in told if re.fullmatch(r"Var-\w+", key)}
    assert {f"IGconf_doorstep_{name}" for name in named} == VARIABLES.keys()
    for name in named:
        assert {f"Var-{name}-{about}" for about in ABOUT_VARIABLES} <= told.keys()


def test_the_layer_has_nothing_that_is_not_known() -> None:
    assert layer().keys() <= {"packages", *HOOKS}
    for hook in layer()["customize-hooks"]:
        subprocess.run(["sh", "-n", "-c", hook], check=True)
        assert hook.startswith("set -eu\n")


def test_the_config_chooses_the_layer_and_its_variables() -> None:
    told = read_yaml(CONFIG.read_text("utf-8"))
    assert told["include"]["file"] == "trixie-minbase-ab.yaml"
    assert told["layer"]["app"] == "doorstep"
    assert {f"IGconf_doorstep_{name}" for name in told["doorstep"]} <= VARIABLES.keys()


def test_what_the_units_keep_is_shared_between_slots(tree: Path) -> None:
    run_hooks(tree)
    lines = (tree / "etc/rpi-image-gen/slot-shared.d/50-doorstep.conf").read_text().splitlines()
    assert lines[0] == "Version=1"
    shared = {line.removeprefix("Path=") for line in lines[1:]}
    units = "".join(path.read_text() for path in (ROOT / "systemd").glob("*.service"))
    kept = re.findall(r"^StateDirectory=(.+)$", units, re.M)
    assert kept
    assert {f"/var/lib/{name}" for names in kept for name in names.split()} <= shared


def test_shared_folders_are_empty_in_the_image(tree: Path) -> None:
    """What is in them there would replace what the household has changed, at every start."""
    run_hooks(tree)
    assert list((tree / "etc/doorstep").iterdir()) == []
    assert list((tree / "var/lib/doorstep").iterdir()) == []
    rule = (tree / "usr/lib/tmpfiles.d/doorstep-settings.conf").read_text().split()
    assert rule[:2] == ["C", "/etc/doorstep/device.toml"]
    assert (tree / rule[-1].lstrip("/")).read_text() == "[doorbell]\n"


@pytest.mark.parametrize(("sound", "i2s"), [("usb", False), ("i2s", True)])
def test_the_board_is_told_of_pins_and_sound(tree: Path, sound: str, i2s: bool) -> None:
    run_hooks(tree, IGconf_doorstep_sound=sound)
    lines = (tree / "boot/firmware/config.txt").read_text().splitlines()
    assert "dtparam=strict_gpiod" in lines[lines.index("[all]") :]
    assert ("dtoverlay=googlevoicehat-soundcard" in lines) is i2s
