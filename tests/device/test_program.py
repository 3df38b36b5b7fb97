"""Sentences name commands as they are typed on this machine."""

from __future__ import annotations

import pytest

from device.program import typed


def test_from_its_source_it_is_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOORSTEP_PROGRAM", raising=False)
    assert typed("pair") == "`python -m device pair`"


def test_an_installed_doorbell_has_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORSTEP_PROGRAM", "sudo doorstep")
    assert typed("pair") == "`sudo doorstep pair`"
