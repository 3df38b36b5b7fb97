"""Where our own files go in the two packages."""

from __future__ import annotations

import shutil
from pathlib import Path

from image.deb.target import Target

HERE = Path(__file__).parent
DOORSTEP_PACKAGES = ("protocol", "media", "hardware", "device", "updater")
SERVER_UNITS = ("doorstep-cloud.service",)
# Source in this repository -> place in the package.
Places = dict[str, str]
DOORSTEP_PLACES: Places = {
    "launch": "usr/lib/doorstep/launch",
    "doorstep.sh": "usr/bin/doorstep",
    "completion.sh": "usr/share/bash-completion/completions/doorstep",
    "device.toml": "etc/doorstep/device.toml",
    "sysusers.conf": "usr/lib/sysusers.d/doorstep.conf",
    "tmpfiles.conf": "usr/lib/tmpfiles.d/doorstep.conf",
    "udev.rules": "usr/lib/udev/rules.d/70-doorstep.rules",
    "journald.conf": "usr/share/doorstep/journald.conf",
}
SERVER_PLACES: Places = {
    "cloud.toml": "etc/doorstep/cloud.toml",
    "sysusers.conf": "usr/lib/sysusers.d/doorstep-server.conf",
}
PROGRAMS = frozenset({"launch", "doorstep.sh"})


def own_packages(root: Path, doorstep: Path, server: Path, target: Target) -> None:
    """Our packages beside those of others, and the built app where the server looks for it."""
    for name in DOORSTEP_PACKAGES:
        if (root / name).is_dir():
            _copy(root / name, doorstep / name)
    _copy(root / "cloud", server / "cloud")
    _copy(root / "mobile-web/dist", server / "mobile-web/dist")
    _metadata(doorstep, target)


def doorstep_files(root: Path, tree: Path, target: Target) -> None:
    """Everything of `doorstep` that is no Python package."""
    _place(HERE / "doorstep", DOORSTEP_PLACES, tree)
    _virtual_environment(tree / target.venv, target)
    for unit in sorted((root / "systemd").iterdir()):
        if unit.is_file() and unit.name not in SERVER_UNITS:
            _install(unit, tree / "usr/lib/systemd/system" / unit.name)
    _update_keys(tree / "usr/share/doorstep/update-keys")
    _documents(root, tree / "usr/share/doc/doorstep")


def server_files(root: Path, tree: Path) -> None:
    """Everything of `doorstep-server` that is no Python package."""
    _place(HERE / "doorstep-server", SERVER_PLACES, tree)
    for unit in SERVER_UNITS:
        _install(root / "systemd" / unit, tree / "usr/lib/systemd/system" / unit)
    _documents(root, tree / "usr/share/doc/doorstep-server")


def _virtual_environment(venv: Path, target: Target) -> None:
    """What `python -m venv --system-site-packages` makes, without pip, and movable.

    The link names the minor version: after an upgrade of the system it leads nowhere, rather than
    to a Python for which these packages were not built.
    """
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to(f"/usr/bin/python{target.python}")
    (venv / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {target.python}\n",
        "utf-8",
    )


def _metadata(site: Path, target: Target) -> None:
    """So that software can say its version (importlib.metadata)."""
    folder = site / f"doorstep-{target.version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: doorstep\nVersion: {target.version}\n", "utf-8"
    )


def _update_keys(folder: Path) -> None:
    """Whose signature counts; the folder stays empty, and updates off, until there is a key."""
    folder.mkdir(parents=True)
    for key in sorted((HERE / "update-keys").glob("*.pem")):
        _install(key, folder / key.name)


def _documents(root: Path, folder: Path) -> None:
    for name in ("README.md", "CHANGELOG.md"):
        _install(root / name, folder / name)
    _install(root / "LICENSE", folder / "copyright")


def _place(source: Path, places: Places, tree: Path) -> None:
    for name, place in places.items():
        _install(source / name, tree / place, executable=name in PROGRAMS)


def _install(source: Path, place: Path, *, executable: bool = False) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(0o755 if executable else 0o644)


def _copy(source: Path, place: Path) -> None:
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.map"))
