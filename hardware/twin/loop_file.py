"""Encoded loops in one file: an index in JSON, then the access units one after the other."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

# Access units, and whether each is a keyframe.
Loop: TypeAlias = Sequence[tuple[bytes, bool]]


def write_loops(path: Path, loops: Sequence[Loop]) -> None:
    """Write all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lengths = [[[len(data), keyframe] for data, keyframe in loop] for loop in loops]
    index = json.dumps(lengths).encode()
    # Written aside and renamed: two programs may start at once.
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_bytes(
        struct.pack(">I", len(index)) + index + b"".join(data for loop in loops for data, _ in loop)
    )
    aside.replace(path)


def read_loops(path: Path) -> list[Loop]:
    """What was written; ValueError when the file is not whole, OSError when it is not there."""
    content = path.read_bytes()
    if len(content) < 4:
        raise ValueError("the cached loop is cut short")
    (length,) = struct.unpack_from(">I", content)
    at = 4 + length
    loops: list[Loop] = []
    for lengths in json.loads(content[4:at]):
        loop = []
        for size, keyframe in lengths:
            loop.append((content[at : at + size], keyframe))
            at += size
        loops.append(tuple(loop))
    if at != len(content) or not all(loops):
        raise ValueError("the cached loop is cut short")
    return loops
