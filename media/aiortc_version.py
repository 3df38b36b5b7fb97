"""Only these releases of aiortc and aioice have the insides that this package relies on."""

from __future__ import annotations

from importlib.metadata import version

KNOWN = {"aiortc": "1.16", "aioice": "0.13"}


class UnknownVersionError(ImportError):
    """Another release is installed; the text names the one to install."""


def require_known_versions() -> None:
    """Raise UnknownVersionError unless aiortc and aioice are of the known minor releases."""
    for name, known in KNOWN.items():
        found = version(name)
        if found.split(".")[:2] != known.split("."):
            raise UnknownVersionError(
                f"{name} {found} is installed, but only {known} is known to work: "
                f"run pip install '{name}=={known}.*'."
            )
