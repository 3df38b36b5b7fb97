"""What this machine is, as far as a bundle has to fit it."""

from __future__ import annotations

import platform
import struct
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from protocol.updates import System, architecture_of, suite_in

OS_RELEASE = Path("/etc/os-release")


def this_system() -> System:
    """The machine that we run on."""
    return System(
        suite=suite_in(_release_text()),
        architecture=architecture_of(platform.machine(), struct.calcsize("P")),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        package=package_version(),
    )


def package_version() -> str:
    """Of the tree that this program runs from, which is the package's; without its suffix."""
    try:
        return version("doorstep").partition("+")[0]
    except PackageNotFoundError:
        return "0.0"


def _release_text() -> str:
    try:
        return OS_RELEASE.read_text("utf-8")
    except OSError:
        return ""
