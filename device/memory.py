"""Keeping the process small: it stands in a small computer for months."""

from __future__ import annotations

import ctypes

# From glibc's malloc.h. By itself every thread gets a heap of its own, eight for each core, and
# each keeps what its thread once needed; two share well enough between a few busy threads.
_M_ARENA_MAX = -8
ARENAS = 2


def stay_small() -> None:
    """Let threads share heaps, where the C library is glibc. To be called before they start."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
