"""A Bookworm as Raspberry Pi OS Lite leaves it to its first start, as far as files go."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHROOT = ROOT / "image/deb/chroot.sh"
PACKAGES = ("adduser", "openssh-server", "sudo", "systemd", "tzdata")


def lacking() -> str | None:
    """Why no tree can be made on this machine, or nothing."""
    if os.geteuid() != 0:
        return "only root can enter another tree"
    if shutil.which("mmdebstrap") is None:
        return "mmdebstrap is not installed"
    allowed = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False)
    return None if allowed.returncode == 0 else "this machine allows no mounts of its own"


def unpacked(folder: Path) -> Path:
    """The tree, with the one user that such a system has at first."""
    made = subprocess.run(
        [CHROOT, "base", "bookworm", "first-run", *PACKAGES],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    subprocess.run(["tar", "-xpf", made.stdout.strip(), "-C", folder], check=True)
    (folder / "etc/hostname").write_text("raspberrypi\n")
    (folder / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
    inside(folder, "useradd --uid 1000 --create-home pi")
    return folder


def inside(tree: Path, script: str) -> str:
    """What a shell in the tree prints; it is an error when it fails. systemd does not run."""
    done = subprocess.run(
        [CHROOT, "enter", tree, "env", "SYSTEMD_OFFLINE=1", "sh", "-euc", script],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{script!r} failed: {done.stderr}")
    return done.stdout
