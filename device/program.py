"""How people call this program, for sentences that name a command."""

from __future__ import annotations

import os


def typed(words: str) -> str:
    """A command as it is typed here: `sudo doorstep pair` where the package is installed."""
    return f"`{os.environ.get('DOORSTEP_PROGRAM', 'python -m device')} {words}`"
