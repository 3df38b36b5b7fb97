"""What a package is built for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# Suite: suffix of the version, so that a newer suite's package replaces an older one's; glibc's
# minor version, which says which wheels run.
SUITES = {"bookworm": ("+deb12u1", 36), "trixie": ("+deb13u1", 41)}


@dataclass(frozen=True, slots=True)
class Target:
    """One suite and one architecture. The Python that runs this is the suite's own."""

    suite: str
    arch: Literal["amd64", "arm64"]
    version: str
    out: Path
    cache: Path
    """Where fetched libraries are kept, ready to be packed."""

    @property
    def debian_version(self) -> str:
        return self.version + SUITES[self.suite][0]

    @property
    def glibc_minor(self) -> int:
        return SUITES[self.suite][1]

    @property
    def python(self) -> str:
        """Like 3.13."""
        return f"{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def machine(self) -> str:
        """As wheels and binutils call it."""
        return {"amd64": "x86_64", "arm64": "aarch64"}[self.arch]

    @property
    def venv(self) -> Path:
        """Where the tree of Python packages lies, relative to the root."""
        return Path("usr/lib/doorstep/venv")

    @property
    def site(self) -> Path:
        return self.venv / f"lib/python{self.python}/site-packages"
