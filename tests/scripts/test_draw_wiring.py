"""The wiring is drawn from the pins that the settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.settings import PinSettings
from scripts import draw_wiring


def test_every_part_stands_at_its_pin() -> None:
    picture = draw_wiring.draw(PinSettings(button=5, infrared=25))
    assert "pin 29 (GPIO 5) · ground 30" in picture
    assert "Infra-red light" in picture
    assert "pin 22 (GPIO 25)" in picture


def test_a_part_without_a_pin_is_left_out() -> None:
    assert "Infra-red light" not in draw_wiring.draw(PinSettings())


def test_inverted_parts_say_so() -> None:
    assert "Light relay, inverted" in draw_wiring.draw(PinSettings(inverted=("light",)))


def test_own_pins_are_drawn_from_a_settings_file(tmp_path: Path) -> None:
    config, out = tmp_path / "device.toml", tmp_path / "own.svg"
    config.write_text("[pins]\nchime = 25\n")
    assert draw_wiring.main(["--config", str(config), "--out", str(out)]) == 0
    assert "pin 22 (GPIO 25)" in out.read_text("utf-8")


def test_wrong_pins_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "device.toml"
    config.write_text("[pins]\nchime = 17\n")
    assert draw_wiring.main(["--config", str(config), "--out", str(tmp_path / "own.svg")]) == 2
    assert "pin" in capsys.readouterr().err
    assert not (tmp_path / "own.svg").exists()


def test_an_outdated_picture_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "wiring.svg"
    old.write_text("<svg/>")
    assert draw_wiring.main(["--check", "--out", str(old)]) == 1
    assert "make diagram" in capsys.readouterr().err
