"""Python loads this by itself where PYTHONPATH names its folder: it adapts picamera2, if it comes.

Neither picamera2's files nor Doorstep's know of it; a process without a camera is not touched.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

ADAPTED = "picamera2.picamera2"


class Adapting(SourceFileLoader):
    """Loads a module as ever, then has the virtual camera's gaps filled."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        import_module("virtual_camera").adapt()


class Finder(MetaPathFinder):
    """Finds one module, in the place where it would have been found anyway."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != ADAPTED:
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is not None and found.origin is not None:
            found.loader = Adapting(fullname, found.origin)
        return found


sys.meta_path.insert(0, Finder())
