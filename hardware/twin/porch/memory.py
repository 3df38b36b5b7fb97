"""Giving memory back after drawing: the C library would keep it for work that does not come."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return free pages to the system, where the C library can (glibc's malloc_trim)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
