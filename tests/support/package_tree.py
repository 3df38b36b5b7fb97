"""A clean Debian in which the packages are put to the test, and the packages themselves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHROOT = ROOT / "image/deb/chroot.sh"
BUILT = ROOT / ".build/deb/tested"
PROBE = ROOT / "tests/support/package_probe.py"
# apt and a build of both packages, on a busy machine.
LIMIT_S = 900
APT = (
    "apt-get -q -y -o APT::Sandbox::User=root -o APT::Keep-Downloaded-Packages=true"
    " -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io"
)


def lacking() -> str | None:
    """Why packages cannot be tested on this machine, or nothing."""
    if os.geteuid() != 0:
        return "only root can enter another tree"
    for tool in ("mmdebstrap", "dpkg-deb", "apt-get"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if not (ROOT / "mobile-web/dist/index.html").exists():
        return "the app is not built; scripts/setup.sh run builds it"
    allowed = subprocess.run(
        ["unshare", "--mount", "--pid", "--net", "--fork", "true"], check=False, capture_output=True
    )
    return None if allowed.returncode == 0 else "this machine allows no mounts of its own"


def built(suite: str) -> list[Path]:
    """Both packages of this source, for this machine; unpacked faster than those for people."""
    BUILT.mkdir(parents=True, exist_ok=True)
    arch = _said(["dpkg", "--print-architecture"]).strip()
    folder = BUILT / suite
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.deb"):
        old.unlink()
    _said(
        [ROOT / "image/deb/build.sh", suite, arch],
        DOORSTEP_OUT=str(folder), DOORSTEP_COMPRESSION="none",
    )  # fmt: skip
    return sorted(folder.glob("*.deb"))


def with_version(package: Path, version: str, folder: Path) -> Path:
    """The same package under another version, as an earlier or later one would come."""
    tree = folder / f"{package.stem}-{version}"
    _said(["dpkg-deb", "-R", package, tree])
    control = tree / "DEBIAN/control"
    text = re.sub(r"^Version: .*", f"Version: {version}", control.read_text("utf-8"), flags=re.M)
    text = re.sub(r"doorstep \(= [^)]+\)", f"doorstep (= {version})", text)
    control.write_text(text, "utf-8")
    path = folder / f"{package.name.split('_')[0]}_{version}.deb"
    _said(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, path])
    shutil.rmtree(tree)
    return path


@dataclass(frozen=True)
class Tree:
    """One system, made from nothing but its suite."""

    root: Path
    suite: str

    @classmethod
    def unpacked(cls, suite: str, folder: Path) -> Tree:
        base = _said([CHROOT, "base", suite, "plain", "ca-certificates"]).strip()
        root = folder / "root"
        root.mkdir()
        _said(["tar", "-C", root, "-xpf", base])
        tree = cls(root, suite)
        # Every installed system has it, and Bookworm knows no localhost without.
        (root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n", "utf-8")
        tree.run(f"{APT} update")
        return tree

    def run(self, script: str, *, fails: bool = False) -> str:
        """What a shell inside prints; as root, without a running systemd, with its own network."""
        cache = ROOT / f".build/deb/apt-{self.suite}"
        (cache / "partial").mkdir(parents=True, exist_ok=True)
        variables = {"DOORSTEP_CERTS": "no", "DOORSTEP_BIND": f"{cache}:/var/cache/apt/archives"}
        done = subprocess.run(
            [CHROOT, "enter", self.root, "sh", "-euc", script], check=False, timeout=LIMIT_S,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **variables},
        )  # fmt: skip
        assert (done.returncode != 0) is fails, f"{script}\n{done.stdout}"
        return done.stdout

    def install(self, *packages: Path, options: str = "") -> str:
        """What apt says to these files."""
        folder = self.root / "packages"
        folder.mkdir(exist_ok=True)
        for package in packages:
            shutil.copyfile(package, folder / package.name)
        names = " ".join(f"/packages/{package.name}" for package in packages)
        said = self.run(f"{APT} install --no-install-recommends {options} {names}")
        shutil.rmtree(folder)
        return said

    def probe(self) -> dict[str, Any]:
        """How doorbell and server run here; see package_probe.py."""
        shutil.copyfile(PROBE, self.root / "root/probe.py")
        said = self.run("unshare --net python3 -P /root/probe.py")
        (self.root / "root/probe.py").unlink()
        told: dict[str, Any] = json.loads(said.splitlines()[-1])
        return told

    def version_of(self, package: str) -> str:
        return self.run(f"dpkg-query -W -f '${{Version}}' {package}").strip()

    def named_like_us(self) -> list[str]:
        """Every path that has our name in it."""
        found = self.run("find / -xdev -path '*doorstep*' -not -path '/proc/*' -prune")
        return sorted(found.split())


def _said(command: list[str | Path], **variables: str) -> str:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=LIMIT_S,
        env={**os.environ, **variables},
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
