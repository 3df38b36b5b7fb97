"""Makes the two packages; runs inside a clean tree of the suite, with its Python and nothing else.

`python3 -m image.deb.pack --suite trixie --arch arm64 --out FOLDER`
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from image.deb import archive, layout, libraries, slim
from image.deb.target import SUITES, Target

ROOT = Path(__file__).resolve().parents[2]
WORK = Path("/build")
# What `doorstep` may take beyond the system's packages.
LIMIT_MB = 120


def main() -> int:
    """Build both packages for one suite and architecture; 2 when one is too large."""
    target = _target()
    doorstep, server = WORK / "doorstep", WORK / "doorstep-server"
    libraries.unpack(ROOT, doorstep, server, target)
    layout.own_packages(ROOT, doorstep / target.site, server / target.site, target)
    for tree in (doorstep, server):
        slim.compile_all(tree)
    layout.doorstep_files(ROOT, doorstep, target)
    layout.server_files(ROOT, server)
    built = [
        archive.build(ROOT, name, WORK / name, target) for name in ("doorstep", "doorstep-server")
    ]
    return _report(built)


def _report(built: list[archive.Built]) -> int:
    for package in built:
        print(f"{package.path.name}: {package.path.stat().st_size / 1e6:.1f} MB,"
              f" installed {package.installed_mb:.1f} MB")  # fmt: skip
        for name, size_mb in package.largest:
            print(f"  {size_mb:7.1f} MB  {name}")
    if built[0].installed_mb > LIMIT_MB:
        print(f"doorstep takes more than {LIMIT_MB} MB. See which part grew.", file=sys.stderr)
        return 2
    return 0


def _target() -> Target:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", choices=tuple(SUITES), required=True)
    parser.add_argument("--arch", choices=("amd64", "arm64"), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("/cache"))
    parser.add_argument("--version", default=_project_version())
    chosen = parser.parse_args()
    return Target(chosen.suite, chosen.arch, chosen.version, chosen.out, chosen.cache)


def _project_version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


if __name__ == "__main__":
    sys.exit(main())
