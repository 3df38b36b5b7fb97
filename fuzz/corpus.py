"""Where each target's inputs are kept: whole messages to start from, and what once broke it."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"


def folder_of(target: str) -> Path:
    return FOLDER / target


def seeds_of(target: str) -> list[bytes]:
    """The target's inputs, in the order of their names."""
    return [path.read_bytes() for path in sorted(folder_of(target).glob("*"))]
