"""A folder for parts and a shelf for clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.recorder_rig import Shelf


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    folder.mkdir()
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    folder = tmp_path / "clips"
    folder.mkdir()
    return Shelf(folder)
