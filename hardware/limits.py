"""Limits that the ports promise and that the smallest processes share."""

from __future__ import annotations

# No pulse of any lock is longer, whatever is asked; a strike coil burns out after a while.
LOCK_PULSE_LIMIT_S = 15.0
