"""The published picture is the table's, and drift is noticed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from device.core.machine import TABLE
from scripts import draw_states


def test_the_published_picture_is_up_to_date() -> None:
    assert draw_states.main(["--check"]) == 0


def test_drift_is_noticed_and_the_remedy_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "old.svg"
    picture.write_text("<svg/>")
    monkeypatch.setattr(draw_states, "PICTURE", picture)
    assert draw_states.main(["--check"]) == 1
    assert "Run: make diagram" in capsys.readouterr().err


def test_the_picture_names_every_place_and_every_event() -> None:
    words = " ".join(ElementTree.fromstring(draw_states.draw()).itertext())
    for place, row in TABLE.items():
        assert draw_states.words(place.value) in words
        assert all(draw_states.words(event.__name__) in words for event in row)
