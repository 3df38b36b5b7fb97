"""Keeping the process small: it stands in a small computer for months."""

from __future__ import annotations

import ctypes

# From glibc's malloc.h. By itself every thread gets a heap of its own, eight for each core, and
# each keeps what its thread once needed; two share well enough between a few busy threads.
_M_ARENA_MAX = -8
ARENAS = 2
# What is larger gets pages of its own and gives them back. By itself glibc raises this to 32 MB
# once something large was freed, and pictures then leave holes in the heaps.
_M_MMAP_THRESHOLD = -3
OWN_PAGES_BYTES = 256 * 1024
# From linux/prctl.h. libx264 and numpy ask for pages of 2 MB and touch a part of each.
_PR_SET_THP_DISABLE = 41


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
