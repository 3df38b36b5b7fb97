"""The settings of the doorbell that is installed on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from device.settings import Settings, read_settings

INSTALLED = Path("/etc/doorstep/device.toml")
# Variables of these tests, which are no settings.
OURS = "DOORSTEP_HIL"


def settings_here() -> Settings:
    """As the doorbell's unit reads them, with the environment's changes."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return read_settings(INSTALLED if INSTALLED.exists() else None, others, {}, print)
