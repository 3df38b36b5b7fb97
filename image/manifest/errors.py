"""The one error of this package."""

from __future__ import annotations


class ManifestError(ValueError):
    """An image or a wish for its entry cannot be right; the text is one sentence."""
