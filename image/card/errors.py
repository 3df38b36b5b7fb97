"""The one error of this package."""

from __future__ import annotations


class BoardError(RuntimeError):
    """The virtual board cannot be started, or did not do what was waited for; one sentence."""
