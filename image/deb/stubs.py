"""Stand-ins for codecs and screens that a doorbell never meets, a third of what FFmpeg brings.

PyAV's libraries are linked to encoders for H.265 and AV1 and to X11, which they ask for only when
somebody opens such a codec or grabs a screen. In their place goes a library of the same name whose
functions do nothing and return nothing, so that the others find every name they were linked to.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from image.deb.target import Target

# None of these has versions of symbols, which a stand-in would have to repeat.
REPLACED = re.compile(
    r"lib(x265|SvtAv1Enc|vmaf|drm|Xau|xcb|xcb-shm|xcb-shape|xcb-xfixes)-[0-9a-f]{8}\.so[.\d]*"
)
RETURN_NOTHING = {"amd64": "xor %eax, %eax\nret", "arm64": "mov x0, #0\nret"}
# Pi 5 has pages of 16 KB; this is what other libraries for arm64 allow for.
PAGE_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in a library: a function, or data of so many bytes."""

    name: str
    kind: str
    size: int
    defined: bool


def replace(folder: Path, target: Target) -> None:
    """Put stand-ins into a folder of libraries that belong together, such as av.libs."""
    symbols = {path: list(_symbols(path)) for path in sorted(folder.glob("*.so*"))}
    for path in symbols:
        if REPLACED.fullmatch(path.name):
            # A stand-in needs no other, so only the others' needs count.
            wanted = {
                symbol.name
                for user, theirs in symbols.items()
                if not REPLACED.fullmatch(user.name)
                for symbol in theirs
                if not symbol.defined
            }
            _write(
                path, [own for own in symbols[path] if own.defined and own.name in wanted], target
            )


def _write(path: Path, symbols: list[Symbol], target: Target) -> None:
    source, compiled = path.with_suffix(".s"), path.with_suffix(".o")
    source.write_text("\n".join(_assembler(symbols, target)) + "\n", "utf-8")
    tools = f"{target.machine}-linux-gnu-"
    subprocess.run([f"{tools}as", "-o", compiled, source], check=True)
    subprocess.run(
        [f"{tools}ld", "-shared", "-s", f"-soname={path.name}", "-z", "noexecstack",
         "-z", f"max-page-size={PAGE_BYTES}", "-z", "noseparate-code", "-o", path, compiled],
        check=True,
    )  # fmt: skip
    source.unlink()
    compiled.unlink()


def _assembler(symbols: list[Symbol], target: Target) -> Iterator[str]:
    yield '.section .note.GNU-stack,"",%progbits'
    for symbol in symbols:
        function = symbol.kind == "FUNC"
        yield ".text" if function else ".data"
        yield f".globl {symbol.name}\n.type {symbol.name}, %{'function' if function else 'object'}"
        yield f"{symbol.name}:"
        yield RETURN_NOTHING[target.arch] if function else f".zero {max(symbol.size, 8)}"
        yield f".size {symbol.name}, . - {symbol.name}"


def _symbols(path: Path) -> Iterator[Symbol]:
    told = subprocess.run(
        ["readelf", "--dyn-syms", "--wide", str(path)], check=True, capture_output=True, text=True
    )
    for line in told.stdout.splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[3] in ("FUNC", "OBJECT", "NOTYPE"):
            yield Symbol(
                fields[7].partition("@")[0], fields[3], int(fields[2], 0), fields[6] != "UND"
            )
