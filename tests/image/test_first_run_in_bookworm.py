"""firstrun.sh in a real Bookworm: who may log in, where, and what is left for the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from image.first_run.wifi import derived_key
from tests.support.bookworm_tree import inside, lacking, unpacked
from tests.support.card_files import PASSPHRASE, PUBLIC_KEY, as_boot_partition, made_card, with_wifi

pytestmark = pytest.mark.skipif(lacking() is not None, reason=f"no Bookworm here: {lacking()}")

NETWORK = 'Bäckerei "9"'


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After the first start."""
    folder = tmp_path_factory.mktemp("bookworm")
    (folder / "tree").mkdir()
    tree = unpacked(folder / "tree")
    boot = as_boot_partition(tree / "boot/firmware")
    made_card(
        boot, "--suite", "bookworm", "--host-name", "door", "--time-zone", "Europe/Berlin",
        *with_wifi(folder, NETWORK),
    )  # fmt: skip
    inside(tree, "sh /boot/firmware/firstrun.sh")
    return tree


def test_it_has_its_name(tree: Path) -> None:
    assert (tree / "etc/hostname").read_text() == "door\n"
    assert "127.0.1.1\tdoor\n" in (tree / "etc/hosts").read_text()


def test_the_person_logs_in_by_key_alone(tree: Path) -> None:
    assert inside(tree, "getent passwd 1000").startswith("anna:x:1000:1000:")
    assert inside(tree, "passwd --status anna").split()[1] == "L"
    assert (tree / "home/anna/.ssh/authorized_keys").read_text() == f"{PUBLIC_KEY}\n"
    assert inside(tree, "stat -c '%U %a' /home/anna/.ssh/authorized_keys") == "anna 600\n"
    assert "sudo" in inside(tree, "id --name --groups anna").split()
    inside(tree, "visudo --check --strict")
    assert "passwordauthentication no" in inside(
        tree, "mkdir -p /run/sshd; ssh-keygen -qA; sshd -T"
    )


def test_the_network_is_known_by_its_key(tree: Path) -> None:
    file = tree / "etc/NetworkManager/system-connections/doorstep.nmconnection"
    told = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    assert bytes(map(int, told["ssid"].rstrip(";").split(";"))).decode() == NETWORK
    assert told["psk"] == derived_key(NETWORK, PASSPHRASE)
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_next_start_goes_on_and_this_one_is_forgotten(tree: Path) -> None:
    assert inside(tree, "systemctl is-enabled doorstep-setup.service") == "enabled\n"
    assert not (tree / "boot/firmware/firstrun.sh").exists()
    words = (tree / "boot/firmware/cmdline.txt").read_text().split()
    assert not [word for word in words if word.startswith("systemd.")]
    assert words[-1] == "rootwait"


def test_the_time_zone_is_that_of_the_door(tree: Path) -> None:
    assert (tree / "etc/timezone").read_text() == "Europe/Berlin\n"
    assert inside(tree, "date -d '2026-07-01T12:00Z' +%H").strip() == "14"
