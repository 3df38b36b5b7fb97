"""What this machine is, as far as a bundle has to fit it."""

from __future__ import annotations

import platform
import struct
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from protocol.updates import Manifest
from updater.errors import UpdateError

OS_RELEASE = Path("/etc/os-release")
# Debian's names. A 64-bit kernel often runs the 32-bit programs of Raspberry Pi OS.
_ARCHITECTURES = {
    ("x86_64", 8): "amd64",
    ("aarch64", 8): "arm64",
    ("aarch64", 4): "armhf",
    ("armv7l", 4): "armhf",
}


@dataclass(frozen=True, slots=True)
class System:
    """Suite and architecture in Debian's words, Python's two numbers, the package's version."""

    suite: str
    architecture: str
    python: str
    package: str

    def refusal_of(self, manifest: Manifest) -> UpdateError | None:
        """Why a bundle does not run here; None when it does."""
        made_for = f"{manifest.suite} on {manifest.architecture} with Python {manifest.python}"
        here = f"{self.suite} on {self.architecture} with Python {self.python}"
        if made_for == here:
            return None
        return UpdateError(
            "wrong_system",
            f"This update is for {made_for}, and this doorbell is {here}."
            f" Get the one that is named {self.suite} and {self.architecture}.",
        )


def this_system() -> System:
    """The machine that we run on."""
    return System(
        suite=suite_in(_release_text()),
        architecture=_architecture(),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        package=package_version(),
    )


def suite_in(os_release: str) -> str:
    """VERSION_CODENAME of os-release(5); empty where there is none."""
    lines = (line.partition("=") for line in os_release.splitlines())
    values = {name: value.strip("\"'") for name, _, value in lines}
    return values.get("VERSION_CODENAME", "")


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


def _architecture() -> str:
    machine, pointer_bytes = platform.machine(), struct.calcsize("P")
    return _ARCHITECTURES.get((machine, pointer_bytes), machine)
