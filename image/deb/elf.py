"""Shared objects: stripped, of the right machine, and needing nothing that is not there."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from image.deb.target import Target

# From elf.h: e_machine of the two architectures.
MACHINES = {"amd64": 62, "arm64": 183}
# The kernel of a Raspberry Pi 5 has pages of 16 KB.
PAGE_BYTES = {"amd64": 4096, "arm64": 16384}
# Of libc6, libgcc-s1, libstdc++6 and zlib1g, on which the package depends.
SYSTEM = re.compile(
    r"(libc|libm|libmvec|libz|libdl|libpthread|librt|libutil|libgcc_s|libstdc\+\+|ld-linux-.*)\.so\.\d"
)


def strip(tree: Path, target: Target) -> None:
    """Take away what only a debugger reads."""
    tool = f"{target.machine}-linux-gnu-strip"
    files = [str(path) for path in shared_objects(tree)]
    if files:
        subprocess.run([tool, "--strip-unneeded", *files], check=True)


def check(doorstep: Path, server: Path, target: Target) -> None:
    """Stop the build when a library is of another machine, or needs one that will be missing."""
    objects = [*shared_objects(doorstep), *shared_objects(server)]
    if strangers := [path.name for path in objects if _machine(path) != MACHINES[target.arch]]:
        raise SystemExit(f"Not for {target.arch}: {', '.join(strangers)}")
    if narrow := [path.name for path in objects if _page_bytes(path) < PAGE_BYTES[target.arch]]:
        raise SystemExit(f"A Raspberry Pi 5, with pages of 16 KB, cannot load {', '.join(narrow)}")
    present = {path.name for path in objects}
    needed = {name for path in objects for name in _needed(path)}
    if missing := sorted(name for name in needed - present if not SYSTEM.fullmatch(name)):
        raise SystemExit(
            f"Nothing brings {', '.join(missing)}. Name its Debian package in control."
        )


def shared_objects(tree: Path) -> Iterator[Path]:
    """Every ELF file that a Python package brings."""
    for path in sorted(tree.rglob("*.so*")):
        if path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF":
            yield path


def _machine(path: Path) -> int:
    (machine,) = struct.unpack_from("<H", path.read_bytes()[:20], 18)
    return int(machine)


def _page_bytes(path: Path) -> int:
    told = subprocess.run(["readelf", "-lW", str(path)], check=True, capture_output=True, text=True)
    return min(int(line.split()[-1], 16) for line in told.stdout.splitlines() if "  LOAD" in line)


def _needed(path: Path) -> list[str]:
    told = subprocess.run(["readelf", "-d", str(path)], check=True, capture_output=True, text=True)
    return re.findall(r"\(NEEDED\).*\[(.+)\]", told.stdout)
