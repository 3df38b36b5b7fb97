"""The files of a card: what stands in them, and what is refused."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from image.first_run.__main__ import main
from image.first_run.boot_files import FIRST_RUN_HOOK, with_block, with_hook
from image.first_run.errors import CardError
from image.first_run.wifi import derived_key
from tests.support.card_files import PASSPHRASE, PUBLIC_KEY, as_boot_partition, made_card, with_wifi
from tests.support.yaml_reading import read_yaml


def test_the_key_of_a_network_is_the_one_of_the_standard() -> None:
    """IEEE 802.11, J.4.2: the standard's own examples."""
    assert derived_key("IEEE", "password") == (
        "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    )
    assert derived_key("ThisIsASSID", "ThisIsAPassword") == (
        "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"
    )


def test_user_data_lets_the_person_in_by_key_alone(tmp_path: Path) -> None:
    card = made_card(tmp_path / "card", "--host-name", "door", "--time-zone", "Europe/Berlin")
    text = (card / "user-data").read_text("utf-8")
    told = read_yaml(text)
    assert text.startswith("#cloud-config\n")
    assert told["hostname"] == "door"
    assert told["timezone"] == "Europe/Berlin"
    (person,) = told["users"]
    assert (person["name"], person["lock_passwd"]) == ("anna", True)
    assert person["ssh_authorized_keys"] == [PUBLIC_KEY]
    assert told["ssh_pwauth"] is False
    assert told["runcmd"][-1] == ["/bin/sh", "/boot/firmware/doorstep/setup.sh"]


def test_a_network_with_an_odd_name_keeps_it(tmp_path: Path) -> None:
    name = 'Bäckerei "9": \\ # 100%'
    card = made_card(tmp_path / "card", *with_wifi(tmp_path, name))
    told = read_yaml((card / "network-config").read_text("utf-8"))
    point = told["network"]["wifis"]["wlan0"]["access-points"][name]
    assert point == {"password": derived_key(name, PASSPHRASE)}
    assert told["network"]["wifis"]["wlan0"]["regulatory-domain"] == "DE"


@pytest.mark.parametrize("suite", ["trixie", "bookworm"])
def test_no_file_holds_the_password(tmp_path: Path, suite: str) -> None:
    boot = as_boot_partition(tmp_path / "boot")
    made_card(boot, "--suite", suite, *with_wifi(tmp_path))
    texts = [path.read_text("utf-8") for path in boot.rglob("*") if path.is_file()]
    assert any(derived_key("Home", PASSPHRASE) in text for text in texts)
    assert not any(PASSPHRASE in text for text in texts)


def test_another_content_is_another_instance(tmp_path: Path) -> None:
    first = made_card(tmp_path / "one") / "meta-data"
    same = made_card(tmp_path / "two") / "meta-data"
    other = made_card(tmp_path / "three", "--name", "Back door") / "meta-data"
    assert first.read_text() == same.read_text() != other.read_text()


def test_without_a_person_imagers_own_files_are_left_alone(tmp_path: Path) -> None:
    card = made_card(tmp_path / "card", person=False)
    assert sorted(path.name for path in card.iterdir()) == ["doorstep", "vendor-data"]
    assert (card / "vendor-data").read_text().startswith("#!/bin/sh\n")


def test_the_doorbell_reads_its_settings(tmp_path: Path) -> None:
    card = made_card(tmp_path / "card", "--name", 'Haus "Süd"')
    told = tomllib.loads((card / "doorstep" / "device.toml").read_text("utf-8"))
    assert told["doorbell"] == {"name": 'Haus "Süd"', "board": "pi"}
    assert told["server"] == {"url": "https://door.example.org"}
    assert not (card / "doorstep" / "cloud.toml").exists()


def test_one_pi_gets_the_settings_of_both(tmp_path: Path) -> None:
    more = ("--server", "this-pi", "--public-url", "https://door.tail1234.ts.net")
    card = made_card(tmp_path / "card", *more)
    device = tomllib.loads((card / "doorstep" / "device.toml").read_text("utf-8"))
    cloud = tomllib.loads((card / "doorstep" / "cloud.toml").read_text("utf-8"))
    assert device["server"]["url"] == "http://localhost:8080"
    assert device["server"]["public_url"] == cloud["http"]["public_url"]


def test_the_network_for_help_has_a_password_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passwords = set()
    for name in ("one", "two"):
        card = made_card(tmp_path / name, "--wifi-help")
        lines = (card / "doorstep" / "comitup.conf").read_text().splitlines()
        told = dict(line.split(": ") for line in lines if not line.startswith("#"))
        assert told["ap_name"] == "doorstep-<nnn>"
        assert told["ap_password"] in capsys.readouterr().out
        assert len(told["ap_password"]) >= 12
        passwords.add(told["ap_password"])
        assert (card / "doorstep" / "extras.txt").read_text() == "comitup\n"
    assert len(passwords) == 2


def test_on_a_mounted_card_the_board_is_told_at_once(tmp_path: Path) -> None:
    boot = as_boot_partition(tmp_path / "boot")
    made_card(boot, "--sound", "i2s")
    config = (boot / "config.txt").read_text("utf-8")
    assert config.startswith("dtparam=audio=on\n")
    assert config.split("# Doorstep")[1].split()[0] == "[all]"
    assert "\ndtparam=strict_gpiod\n" in config
    assert "\ndtoverlay=googlevoicehat-soundcard\n" in config


def test_the_board_is_told_once_however_often_files_are_made() -> None:
    once = with_block("arm_64bit=1\n", "i2s")
    assert with_block(once, "i2s") == once
    assert "googlevoicehat" not in with_block(once, "usb")


def test_bookworm_runs_its_script_once(tmp_path: Path) -> None:
    boot = as_boot_partition(tmp_path / "boot")
    made_card(boot, "--suite", "bookworm", *with_wifi(tmp_path))
    made_card(boot, "--suite", "bookworm", *with_wifi(tmp_path))
    words = (boot / "cmdline.txt").read_text().split()
    assert words[-3:] == list(FIRST_RUN_HOOK)
    assert len(words) == len(set(words))
    for script in ("firstrun.sh", "doorstep/setup.sh"):
        subprocess.run(["sh", "-n", str(boot / script)], check=True)
        subprocess.run(["bash", "-n", str(boot / script)], check=True)


@pytest.mark.parametrize("cmdline", ["", "console=tty1\n", "root=/dev/sda2\nquiet\n"])
def test_a_strange_cmdline_is_left_as_it_is(cmdline: str) -> None:
    with pytest.raises(CardError, match="flash it again"):
        with_hook(cmdline)


WRONG = [
    (["--server", "door.example.org"], "https://name"),
    (["--server", "this-pi"], "--public-url"),
    (["--host-name", "Front_Door"], "--host-name"),
    (["--time-zone", "Berlin"], "Europe/Berlin"),
    (["--wifi", "Home", "--wifi-country", "DE"], "--user"),
    (["--suite", "bookworm"], "--user"),
    (["--user", "anna"], "--ssh-key"),
    (["--user", "root", "--ssh-key", "{key}"], "--user anna"),
    (["--user", "anna", "--ssh-key", "{private}"], "ends in .pub"),
    (["--user", "anna", "--ssh-key", "{nothing}"], "cannot be read"),
    (["--user", "anna", "--ssh-key", "{key}", "--wifi", "Home"], "--wifi-country"),
    (["--user", "anna", "--ssh-key", "{key}", "--wifi", "x" * 33, "--wifi-country", "DE"], "32"),
    (["--user", "anna", "--ssh-key", "{key}", "--wifi", "Home", "--wifi-country", "de"], "DE"),
    (["--package", "{nothing}"], "make deb"),
    (["--package", "{fake}"], "fetch it again"),
    (["--package-url", "https://example.org/d.deb"], "--package-sha256"),
    (["--package-url", "http://example.org/d.deb", "--package-sha256", "0" * 64], "https://"),
    (["--package-url", "https://example.org/d.deb", "--package-sha256", "0"], "sha256sum"),
    (["--out", "{file}"], "cannot be written"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=lambda value: str(value)[-30:])
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"key": "id.pub", "private": "id", "fake": "x.deb", "nothing": "no.deb", "file": "f"}
    for name, text in (("id.pub", PUBLIC_KEY), ("id", "-----BEGIN"), ("x.deb", "ar"), ("f", "")):
        (tmp_path / name).write_text(text)
    paths = {kind: str(tmp_path / name) for kind, name in names.items()}
    (tmp_path / "secret").write_text(PASSPHRASE)
    given = ["--out", str(tmp_path / "out"), "--server", "https://door.example.org",
             "--wifi-password-file", str(tmp_path / "secret")]  # fmt: skip
    assert main([*given, *(word.format(**paths) for word in arguments)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert len(told.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
