"""Other people's packages: fetched, slimmed, stripped and compiled once for each lock."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
from pathlib import Path

from image.deb import elf, fetch, slim, stubs
from image.deb.target import Target

LOCKS = ("requirements/pi.txt", "requirements/server.txt")
# Whoever changes one of these wants to see what comes of it.
RECIPES = ("elf.py", "fetch.py", "libraries.py", "slim.py", "stubs.py", "target.py")


def unpack(root: Path, doorstep: Path, server: Path, target: Target) -> None:
    """Put what each of the two packages needs into its tree."""
    kept = target.cache / f"libraries-{target.suite}-{target.arch}-{_key(root)}.tar"
    work = doorstep.parent
    if not kept.exists():
        _make(root, doorstep, server, target)
        # Two builds may come here at the same time.
        part = kept.with_suffix(f".{secrets.token_hex(4)}")
        subprocess.run(["tar", "-C", work, "-cf", part, doorstep.name, server.name], check=True)
        part.rename(kept)
    else:
        work.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-C", work, "-xf", kept], check=True)


def _make(root: Path, doorstep: Path, server: Path, target: Target) -> None:
    for lock, tree in zip(LOCKS, (doorstep, server), strict=True):
        fetch.install(root / lock, tree / target.site, target)
        slim.slim(tree / target.site)
    stubs.replace(doorstep / target.site / "av.libs", target)
    for tree in (doorstep, server):
        elf.strip(tree, target)
        slim.compile_all(tree)
    elf.check(doorstep, server, target)


def _key(root: Path) -> str:
    files = [
        *(root / lock for lock in LOCKS),
        *(Path(__file__).with_name(name) for name in RECIPES),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
