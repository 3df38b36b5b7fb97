"""Leaving out what a running doorbell never opens, and compiling the rest."""

from __future__ import annotations

import compileall
import py_compile
import shutil
from pathlib import Path

# For compilers, type checkers and debuggers.
UNUSED_SUFFIXES = (
    ".pyi",
    ".pyx",
    ".pxd",
    ".c",
    ".cc",
    ".cpp",
    ".h",
    ".hpp",
    ".a",
    ".pyc",
    ".typed",
)
UNUSED_FOLDERS = ("tests", "test", "testing", "__pycache__", "include")
# Command line tools of libraries; ours are modules.
SCRIPTS = "bin"


def slim(site: Path) -> None:
    """Remove headers, stubs, tests and command line tools of libraries."""
    shutil.rmtree(site / SCRIPTS, ignore_errors=True)
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if path.name in UNUSED_FOLDERS:
                shutil.rmtree(path)
        elif path.suffix in UNUSED_SUFFIXES or _is_stale_record(path):
            path.unlink()


def _is_stale_record(path: Path) -> bool:
    """What pip notes of an installation no longer fits, and nothing but pip reads it."""
    return path.parent.suffix == ".dist-info" and path.name in (
        "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "WHEEL",
    )  # fmt: skip


def compile_all(tree: Path) -> None:
    """Compile ahead, for a fast start: nobody but root can write there afterwards.

    The compiled form holds a hash instead of a time and is never checked against its source, so
    that equal sources give equal packages and a start reads one file for each module.
    """
    done = compileall.compile_dir(
        tree, quiet=1, stripdir=str(tree), prependdir="/", workers=1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip
    if not done:
        raise SystemExit("A module could not be compiled; it is named above.")
