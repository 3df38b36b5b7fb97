"""Keeping the process small: it stands in a small computer for months."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

# From glibc's malloc.h. By itself every thread gets a heap of its own, eight for each core, and
# each keeps what its thread once needed; two share well enough between a few busy threads.
_M_ARENA_MAX = -8
ARENAS = 2
# What is larger gets pages of its own and gives them back. By itself glibc raises this to 32 MB
# once something large was freed, and an encoder's pictures then leave holes in the heaps. Less than
# this would cost time: getting pages for every passing picture doubles that of drawing the porch.
_M_MMAP_THRESHOLD = -3
OWN_PAGES_BYTES = 4 * 1024 * 1024
# From linux/prctl.h. libx264 and numpy ask for pages of 2 MB and touch a part of each.
_PR_SET_THP_DISABLE = 41
# From linux/mman.h: the process does without these pages; touching one brings it back.
_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-([x-])p \S+ \S+ [1-9]\d* +/")


def stay_small() -> None:
    """Let threads share heaps and large things come and go; to be called before threads start.

    Only where the C library is glibc and the system is Linux.
    """
    library = ctypes.CDLL(None)
    if mallopt := getattr(library, "mallopt", None):
        mallopt(_M_ARENA_MAX, ARENAS)
        mallopt(_M_MMAP_THRESHOLD, OWN_PAGES_BYTES)
    if prctl := getattr(library, "prctl", None):
        prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0)


def forget_start() -> None:
    """Let go of program text that was needed to start; to be called when everything runs.

    It stays in the system's cache of files, which may now use the room for something better, and
    comes back page by page where it is used. Only on Linux.
    """
    madvise = getattr(ctypes.CDLL(None), "madvise", None)
    if madvise is None:
        return
    madvise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)
    try:
        smaps = Path("/proc/self/smaps").read_text("ascii", "replace")
    except OSError:
        return
    for start, end in clean_text(smaps):
        madvise(start, end - start, _MADV_DONTNEED)


def clean_text(smaps: str) -> Iterator[tuple[int, int]]:
    """From where to where files are mapped, unwritable, with nothing but the file's own bytes.

    A page that the linker has written to is lost when it is let go, swapped out or not.
    """
    area: tuple[int, int] | None = None
    for line in smaps.splitlines():
        field, *values = line.split()
        if found := _MAPPING.match(line):
            area = int(found[1], 16), int(found[2], 16)
        elif field in ("Anonymous:", "Swap:") and values[0] != "0":
            area = None
        elif field == "VmFlags:":
            if area:
                yield area
            area = None
