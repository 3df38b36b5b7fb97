"""Which Raspberry Pi this is, and what it can do: read from what its firmware tells the kernel."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Family = Literal["old", "zero2", "3", "4", "5", "unknown"]

# The kernel's name for the VideoCore's encoder on every Pi that has one; picamera2 opens it too.
ENCODER = Path("dev/video11")
MODEL = Path("proc/device-tree/model")
REVISION = Path("proc/device-tree/system/linux,revision")
CPUINFO = Path("proc/cpuinfo")
MEMINFO = Path("proc/meminfo")

# Bits of the revision code ("New-style revision codes", Raspberry Pi documentation).
_NEW_STYLE = 1 << 23
_TYPES: dict[int, tuple[str, Family]] = {
    0x00: ("A", "old"), 0x01: ("B", "old"), 0x02: ("A+", "old"), 0x03: ("B+", "old"),
    0x04: ("2B", "old"), 0x06: ("CM1", "old"), 0x08: ("3B", "3"), 0x09: ("Zero", "old"),
    0x0A: ("CM3", "3"), 0x0C: ("Zero W", "old"), 0x0D: ("3B+", "3"), 0x0E: ("3A+", "3"),
    0x10: ("CM3+", "3"), 0x11: ("4B", "4"), 0x12: ("Zero 2 W", "zero2"), 0x13: ("400", "4"),
    0x14: ("CM4", "4"), 0x15: ("CM4S", "4"), 0x17: ("5", "5"), 0x18: ("CM5", "5"),
    0x19: ("500", "5"), 0x1A: ("CM5 Lite", "5"),
}  # fmt: skip
_SMALLEST_MEMORY_MB = 256


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of Raspberry Pi; `unknown` is any other machine."""

    name: str
    family: Family
    memory_mb: int
    encoder: Path | None
    """The hardware H.264 encoder; None: pictures are encoded by the processor."""

    @property
    def fast_enough(self) -> bool:
        """Whether a call can be held on it."""
        return self.family != "old"

    @property
    def summary(self) -> str:
        """One line for people."""
        by = "in hardware" if self.encoder else "by the processor"
        return f"{self.name}, {self.memory_mb} MB, H.264 {by}"


def this_model(root: Path = Path("/")) -> Model:
    """The machine that this runs on; never fails. `root` is where its `proc` and `dev` are."""
    code = _revision(root)
    short, family, memory_mb = parse_revision(code) if code else ("", "unknown", 0)
    named = _text(root / MODEL).strip("\0\n ") or (f"Raspberry Pi {short}" if short else "")
    encodes = family not in ("5", "unknown") and (root / ENCODER).exists()
    return Model(
        name=named or "not a Raspberry Pi",
        family=family,
        memory_mb=memory_mb or _memory_mb(root),
        encoder=root / ENCODER if encodes else None,
    )


def parse_revision(code: int) -> tuple[str, Family, int]:
    """Short name, family and memory in MB that a revision code stands for."""
    if not code & _NEW_STYLE:
        # Codes were plain numbers on the first boards only.
        return "1", "old", 0
    short, family = _TYPES.get(code >> 4 & 0xFF, ("", "unknown"))
    return short, family, _SMALLEST_MEMORY_MB << (code >> 20 & 0x7)


def _revision(root: Path) -> int | None:
    try:
        (code,) = struct.unpack(">I", (root / REVISION).read_bytes())
        return int(code)
    except (OSError, struct.error):
        found = re.search(r"^Revision\s*:\s*([0-9a-f]+)$", _text(root / CPUINFO), re.M)
        return int(found[1], 16) if found else None


def _memory_mb(root: Path) -> int:
    found = re.search(r"^MemTotal:\s*(\d+) kB", _text(root / MEMINFO), re.M)
    return int(found[1]) // 1024 if found else 0


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace")
    except OSError:
        return ""
