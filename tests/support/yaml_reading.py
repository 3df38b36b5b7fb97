"""YAML as other programs read it."""

from __future__ import annotations

from typing import Any

import yaml


def read_yaml(text: str) -> Any:
    """One document; anything that is no plain data is refused."""
    return yaml.safe_load(text)
