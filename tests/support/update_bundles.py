"""Trees shaped like the package's, and bundles of them, good and bad."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

from protocol.identity import Identity
from protocol.jws import seal
from protocol.pairing import encode
from protocol.updates import BUNDLE_MAGIC, UPDATE_TYP, Manifest, System
from scripts.bundle import Release, make

SYSTEM = System(suite="trixie", architecture="arm64", python="3.13", package="1.0.0")
# Of ELF headers (elf(5)).
ARM64, AMD64 = 183, 62
Change = Callable[[tarfile.TarInfo], tarfile.TarInfo]


def elf(machine: int) -> bytes:
    """What a 64-bit library for that processor begins with."""
    return b"\x7fELF\x02" + bytes(13) + machine.to_bytes(2, "little")


def tree_of(
    folder: Path, version: str, *, python: str = SYSTEM.python, machine: int = ARM64
) -> Path:
    """A tree of that version with a handful of files, a folder in a folder and a link."""
    tree = folder / f"tree-{version}"
    site = tree / "lib" / f"python{python}" / "site-packages"
    (site / f"doorstep-{version}.dist-info").mkdir(parents=True)
    (site / f"doorstep-{version}.dist-info" / "METADATA").write_text(f"Version: {version}\n")
    (site / "device").mkdir()
    (site / "device" / "__init__.py").write_text(f"VERSION = {version!r}\n")
    (site / "fast.so").write_bytes(elf(machine) + version.encode() * 1000)
    (tree / "lib64").symlink_to("lib")
    (tree / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (tree / "bin").mkdir()
    (tree / "bin" / "python").symlink_to("/usr/bin/python3.13")
    return tree


def bundle_of(
    folder: Path, version: str, signer: Identity, *, floor: str = "0.0", notes: str = ""
) -> Path:
    """A good bundle."""
    tree = tree_of(folder, version)
    return make(tree, Release(version, floor, notes, "trixie"), signer, folder / "out")


def member(name: str, content: bytes = b"", change: Change = lambda info: info) -> tuple[
    tarfile.TarInfo, bytes
]:  # fmt: skip
    """A file in a tar; `change` may make something else of it."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return change(info), content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    def point(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.type, info.linkname = kind, target
        return info

    return member(name, b"", point)


def packed(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A payload as no honest program would write it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return lzma.compress(raw.getvalue())


def signed(payload: bytes, signer: Identity, **claims: object) -> bytes:
    """A bundle of any payload, correctly signed."""
    facts: dict[str, object] = {
        "version": "1.2.0", "suite": SYSTEM.suite, "architecture": SYSTEM.architecture,
        "python": SYSTEM.python, "size": len(payload), "unpacked": 100_000, "files": 100,
        "sha256": encode(hashlib.sha256(payload).digest()), "floor": "0.0", **claims,
    }  # fmt: skip
    line = seal(signer, UPDATE_TYP, Manifest.model_validate(facts))
    return BUNDLE_MAGIC + line.encode() + b"\n" + payload
