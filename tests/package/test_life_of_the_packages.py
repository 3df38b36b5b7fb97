"""The packages in clean trees of both suites, from first install to purge."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.package_tree import Tree, built, lacking, with_version

pytestmark = pytest.mark.package
MISSING = lacking()
UNITS = "/usr/lib/systemd/system/doorstep-*"
LIMIT_MB = 120
CONFIGURE = "DPKG_MAINTSCRIPT_PACKAGE=doorstep sh /var/lib/dpkg/info/doorstep.postinst configure"
# What is said to a package that somebody else would call newer.
BACK = "--allow-downgrades"
# On the twin, idle and with everything loaded; a package that grew by a library shows here.
IDLE_LIMIT_MB = 120


@pytest.mark.skipif(MISSING is not None, reason=f"packages cannot be tested here: {MISSING}")
@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_life_of_the_packages(suite: str, tmp_path: Path) -> None:
    packages = built(suite)
    tree = Tree.unpacked(suite, tmp_path)
    tree.install(*packages)
    _are_in_place(tree)
    _start_by_themselves(tree)
    _work(tree)
    version = tree.version_of("doorstep")
    before = _what_people_have(tree)
    _survive_an_upgrade(tree, packages, tmp_path)
    tree.install(*packages, options=BACK)
    assert tree.version_of("doorstep-server") == version
    assert _what_people_have(tree) == before
    _leave_state_behind(tree, before)
    tree.install(*packages)
    assert _what_people_have(tree) == before
    _go_without_a_trace(tree)


def _are_in_place(tree: Tree) -> None:
    groups = tree.run("id -nG doorstep").split()
    assert {"doorstep", "video", "audio", "gpio"} <= set(groups)
    assert "gpio" in tree.run("id -nG doorstep-lock").split()
    assert tree.run("stat -c '%U %a' /var/lib/doorstep").split() == ["doorstep", "700"]
    conffiles = tree.run("dpkg-query -W -f '${Conffiles}' doorstep doorstep-server")
    assert "/etc/doorstep/device.toml" in conffiles
    assert "/etc/doorstep/cloud.toml" in conffiles
    tree.run(f"systemd-analyze verify --man=no {UNITS}")
    tree.run(
        "for unit in /usr/lib/systemd/system/doorstep-*.service; do"
        " systemd-analyze security --offline=true --threshold=20 $unit; done"
    )
    assert _installed_mb(tree) <= LIMIT_MB


def _installed_mb(tree: Tree) -> float:
    used = tree.run(
        "dpkg -L doorstep | while read path; do [ -d $path ] || echo $path; done"
        " | xargs du -ck | tail -n 1"
    )
    return int(used.split()[0]) / 1000


def _start_by_themselves(tree: Tree) -> None:
    """The server wherever it is installed; the doorbell only on a Pi."""
    assert _enabled(tree) == {"doorstep-cloud.service"}
    assert "no Raspberry Pi" in tree.run(CONFIGURE)
    # The tree of a card that is put together on another machine.
    tree.run(
        "mkdir -p /tmp/arm64 && printf '#!/bin/sh\\necho arm64\\n' >/tmp/arm64/dpkg"
        " && chmod +x /tmp/arm64/dpkg"
        # As if it had never been installed.
        " && rm -f /var/lib/systemd/deb-systemd-helper-enabled/doorstep-[!c]*"
        f" && export PATH=/tmp/arm64:$PATH && {CONFIGURE}"
    )
    assert {"doorstep-device.service", "doorstep-lock.service"} <= _enabled(tree)
    assert "SystemMaxUse" in tree.run("cat /etc/systemd/journald.conf.d/50-doorstep.conf")


def _enabled(tree: Tree) -> set[str]:
    links = tree.run("find /etc/systemd/system -name 'doorstep-*' -type l")
    return {Path(link).name for link in links.split()}


def _work(tree: Tree) -> None:
    project = tree.version_of("doorstep").partition("+")[0]
    assert tree.run("doorstep version").strip() == project
    assert tree.run("doorstep server version").strip() == project
    refused = tree.run("setpriv --reuid nobody --clear-groups doorstep pair", fails=True)
    assert "sudo doorstep pair" in refused
    told = tree.probe()
    assert told["app"], "the server does not hand out the app"
    assert "Front door is ready" in told["ready"]
    assert "linked" in told["status"]
    assert told["pair"].count("http://localhost:8080/#") == 1
    assert told["listens"] == [], "the doorbell listens on TCP"
    assert len(told["server_listens"]) == 1
    # uvicorn ends by the signal that it was asked with, which systemd takes for a clean end.
    assert told["ends"] == [0, -signal.SIGTERM]
    assert told["resident_mb"] <= IDLE_LIMIT_MB
    # Nothing was compiled or written beside what the packages brought.
    assert tree.run("dpkg --verify doorstep doorstep-server") == ""
    assert (
        tree.run("find /usr/lib/doorstep -type f -newer /var/lib/dpkg/info/doorstep.md5sums") == ""
    )


def _what_people_have(tree: Tree) -> str:
    """Settings, keys and phones, by checksum."""
    return tree.run(
        "sha256sum /etc/doorstep/*.toml /var/lib/doorstep/identity.pem"
        " /var/lib/doorstep-cloud/vapid.pem"
    )


def _survive_an_upgrade(tree: Tree, packages: list[Path], folder: Path) -> None:
    tree.run("echo '# mine' >>/etc/doorstep/device.toml; systemctl disable doorstep-cloud")
    before = _what_people_have(tree)
    newer = [with_version(package, "9.0.0+test", folder) for package in packages]
    tree.install(*newer)
    assert tree.version_of("doorstep") == "9.0.0+test"
    assert _what_people_have(tree) == before
    # What somebody has switched off stays off.
    assert "doorstep-cloud.service" not in _enabled(tree)
    assert "doorstep-device.service" in _enabled(tree)
    tree.run("sed -i '/# mine/d' /etc/doorstep/device.toml; systemctl enable doorstep-cloud")


def _leave_state_behind(tree: Tree, before: str) -> None:
    tree.run("apt-get -q -y remove doorstep doorstep-server")
    assert _what_people_have(tree) == before
    assert tree.run("ls /usr/lib/doorstep 2>&1 || true").count("No such file") == 1
    assert not (tree.root / "etc/systemd/journald.conf.d/50-doorstep.conf").is_symlink()


def _go_without_a_trace(tree: Tree) -> None:
    tree.run("apt-get -q -y purge doorstep doorstep-server")
    for log in tree.root.glob("root/doorstep*.log"):
        log.unlink()
    assert tree.named_like_us() == []
    assert "doorstep" in tree.run("cat /etc/passwd"), "users stay, so that no one gets their files"
