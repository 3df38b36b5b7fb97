"""Python packages by hash, ready for the target without running anything of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from image.deb.target import Target

# The oldest glibc that wheels are made for (manylinux2014).
OLDEST_GLIBC_MINOR = 17


def install(lock: Path, site: Path, target: Target) -> None:
    """Unpack what `lock` names into `site`; a wheel for another machine is never taken.

    The lock is complete, hence --no-deps. A package that exists only as source is pure Python and
    is built with the suite's own setuptools.
    """
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
        "--no-compile", "--use-pep517", "--no-build-isolation", "--disable-pip-version-check",
        "--root-user-action", "ignore", "--break-system-packages", "--target", str(site),
        "--implementation", "cp", "--python-version", target.python, *_platforms(target),
        "--requirement", str(lock),
    ]  # fmt: skip
    subprocess.run(command, check=True)


def _platforms(target: Target) -> list[str]:
    names = [
        f"manylinux_2_{minor}_{target.machine}"
        for minor in range(target.glibc_minor, OLDEST_GLIBC_MINOR - 1, -1)
    ]
    every = [*names, f"manylinux2014_{target.machine}", f"linux_{target.machine}"]
    return [part for name in every for part in ("--platform", name)]
