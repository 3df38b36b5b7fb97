"""Run inside a tree of the target by its own Python: imports every module of ours, and so theirs.

`/usr/lib/doorstep/venv/bin/python smoke.py`; what cannot be imported ends it with its traceback.
"""

from __future__ import annotations

import importlib
import pkgutil

PACKAGES = ("protocol", "media", "hardware", "device", "updater", "cloud")
# Used only with a broker, a lock or an echo, and imported then.
LATE = ("aiomqtt", "gpiozero", "pywebrtc_audio", "segno", "webauthn", "uvloop", "httptools")


def main() -> None:
    """Import all and say how many."""
    names = [*LATE]
    for package in PACKAGES:
        found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        names += [module.name for module in found if not _runs_at_once(module.name)]
    for name in names:
        importlib.import_module(name)
    print(f"imported {len(names)} modules")


def _runs_at_once(name: str) -> bool:
    """Programs and migrations do something when imported, and want an environment for it."""
    return name.endswith("__main__") or ".migrations" in name


if __name__ == "__main__":
    main()
