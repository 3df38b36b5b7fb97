"""The one error of this package."""

from __future__ import annotations


class CardError(ValueError):
    """Something that was asked for cannot stand on a card; the text is one sentence."""
