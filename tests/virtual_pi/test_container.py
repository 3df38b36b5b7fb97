"""The packages as shipped, booted in a container: real systemd, camera and sound drivers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Tree and packages are built the first time.
LIMIT_S = 1800
PROBE = (
    "mkdir {0}/a {0}/b {0}/c {0}/d && "
    "mount -t overlay overlay -o lowerdir={0}/a,upperdir={0}/b,workdir={0}/c {0}/d"
)
NSPAWN = (
    "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--volatile=yes",
    "--directory=/", "--machine=doorstep-probe", "--private-network", "--pipe", "/usr/bin/true",
)  # fmt: skip


def _obstacle(folder: Path) -> str | None:
    """Why no container can be booted here, in one sentence."""
    if os.geteuid() != 0:
        return "Booting a container needs root."
    for command, package in (("systemd-nspawn", "systemd-container"), ("mmdebstrap", "mmdebstrap")):
        if shutil.which(command) is None:
            return f"{command} is not installed; it is in the package {package}."
    if not _succeeds("unshare", "--mount", "sh", "-c", PROBE.format(folder)):
        return "This machine cannot mount an overlay."
    if not _succeeds(*NSPAWN):
        return "systemd-nspawn cannot start a container on this machine."
    if not (ROOT / "mobile-web" / "dist" / "index.html").exists():
        return "The app is not built; scripts/setup.sh run builds it."
    return None


def _succeeds(*command: str) -> bool:
    environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    return done.returncode == 0


@pytest.mark.virtual_pi
def test_the_packages_work_on_the_real_drivers(tmp_path: Path) -> None:
    if obstacle := _obstacle(tmp_path):
        pytest.skip(obstacle)
    done = subprocess.run(
        [ROOT / "virtual_pi" / "run.sh", "container"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ran = [line for line in done.stdout.splitlines() if "  ran, " in line]
    for what in ("camera", "microphone", "speaker", "a visit from press to clip",
                 "a doorbell that hangs is killed and started again"):  # fmt: skip
        assert any(line.startswith(f"{what} ") for line in ran), what
