"""The generated files follow the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol import control, link, schema
from protocol.errors import LocalProtocolError
from protocol.typescript import declarations


def test_generated_files_are_fresh() -> None:
    stale = [path for path, text in schema.outputs().items() if path.read_text("utf-8") != text]
    assert stale == []


def test_check_names_the_stale_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "old.json"
    stale.write_text("{}")
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    monkeypatch.setattr(schema, "outputs", lambda: {stale: "{ }"})
    assert schema.main(["--check"]) == 1
    assert "old.json is out of date" in capsys.readouterr().out
    assert schema.main([]) == 0
    assert stale.read_text() == "{ }"


def test_unions_are_among_the_definitions() -> None:
    assert set(schema.unions_of(control)) == {"ControlRequest", "ControlReply"}
    assert set(schema.unions_of(link)) == {"FromDoorbell", "FromServer", "Occurrence"}


def test_tags_are_required_so_that_a_switch_is_exhaustive() -> None:
    text = declarations(schema.schema_of(control)["$defs"])
    assert '\ttype: "unlock";\n' in text


def test_a_schema_that_has_no_typescript_is_our_bug() -> None:
    with pytest.raises(LocalProtocolError):
        declarations({"Odd": {"type": "object", "properties": {"a": {"not": {}}}}})
