"""From a tree to a .deb: control files, equal modes and times, dpkg-deb."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template

from image.deb.target import Target

HERE = Path(__file__).parent
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
# How many parts the table of sizes names.
LARGEST = 8


@dataclass(frozen=True, slots=True)
class Built:
    """A package on disk; sizes are those that `du` tells."""

    path: Path
    installed_mb: float
    largest: list[tuple[str, float]]


def build(root: Path, name: str, tree: Path, target: Target) -> Built:
    """Write one package into the target's out folder."""
    size_kb = _used_kb(tree)
    largest = _largest(tree / target.site)
    control = tree / "DEBIAN"
    control.mkdir()
    _control(name, control, size_kb, target)
    _equalise(tree)
    path = target.out / f"{name}_{target.debian_version}_{target.arch}.deb"
    # Whoever looks for the package sees the old one or the new one, whole.
    part = path.with_suffix(f".{secrets.token_hex(4)}")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", *_compression(), "--build", str(tree), str(part)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    part.rename(path)
    return Built(path, size_kb / 1000, largest)


def _compression() -> list[str]:
    """xz at 3: the next steps take twice as long for a twentieth less. Tests need none."""
    return ["-Znone"] if os.environ.get("DOORSTEP_COMPRESSION") == "none" else ["-Zxz", "-z3"]


def _control(name: str, control: Path, size_kb: int, target: Target) -> None:
    source, tree = HERE / name, control.parent
    major, minor = target.python.split(".")
    text = Template((source / "control").read_text("utf-8")).substitute(
        version=target.debian_version, arch=target.arch, size_kb=size_kb,
        python=target.python, next_python=f"{major}.{int(minor) + 1}",
    )  # fmt: skip
    (control / "control").write_text(text, "utf-8")
    kept = sorted(f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*.toml"))
    (control / "conffiles").write_text("".join(f"{path}\n" for path in kept), "utf-8")
    for script in SCRIPTS:
        if (source / script).exists():
            shutil.copyfile(source / script, control / script)
            (control / script).chmod(0o755)
    (control / "md5sums").write_text(_sums(tree), "utf-8")


def _sums(tree: Path) -> str:
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
        f"  {path.relative_to(tree)}\n"
        for path in files
        if path.relative_to(tree).parts[0] not in ("DEBIAN", "etc")
    )


def _equalise(tree: Path) -> None:
    """The same modes and times whoever builds and whenever."""
    moment = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in (tree, *sorted(tree.rglob("*"))):
        if not path.is_symlink():
            runs = path.is_dir() or (path.stat().st_mode & 0o100 and ".so" not in path.name)
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)


def _largest(site: Path) -> list[tuple[str, float]]:
    sizes = [(path.name, _used_kb(path) / 1000) for path in site.iterdir()]
    return sorted(sizes, key=lambda named: -named[1])[:LARGEST]


def _used_kb(path: Path) -> int:
    told = subprocess.run(["du", "-sk", str(path)], check=True, capture_output=True, text=True)
    return int(told.stdout.split()[0])
