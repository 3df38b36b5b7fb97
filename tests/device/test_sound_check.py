"""What `check sound` prints, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device import cli, sound_check
from hardware.errors import BusyError, MissingError
from hardware.ports import EchoCanceller, Microphone, Speaker
from hardware.sound_check.verdict import Measured
from hardware.twin.sound import TwinSpeaker
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame

GOOD = Measured((80.0, 80.0, 80.0), 12.0, 42.0, -60.0, 0.0, 0)


def check(folder: Path) -> int:
    return cli.main(["check", "sound", "--state", str(folder)])


def answer(monkeypatch: pytest.MonkeyPatch, result: Measured | Exception) -> None:
    async def run(heard: Microphone, speaker: Speaker, canceller: EchoCanceller) -> Measured:
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(sound_check, "run", run)


def test_figures_come_before_what_they_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, GOOD)
    assert check(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "delay           80 ms, steady within 0.0 ms"
    assert lines[-1] == "Both can talk at once; phones do not hear themselves."


def test_people_who_could_not_talk_end_it_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, replace(GOOD, delays_ms=()))
    assert check(tmp_path) == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MissingError("There is no sound card. Plug one in."), "There is no sound card."),
        (BusyError("It is in use."), "It is in use. If the doorbell runs, stop it meanwhile:"),
    ],
)
def test_what_is_missing_is_one_sentence(
    error: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    answer(monkeypatch, error)
    assert check(tmp_path) == 2
    assert capsys.readouterr().err.startswith(said)


def test_the_twin_s_porch_has_walls_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece = np.full(SOUND_FRAME_SAMPLES, 8000, "<i2").tobytes()
    loudest = 0

    async def run(heard: Microphone, speaker: Speaker, canceller: EchoCanceller) -> Measured:
        nonlocal loudest
        assert isinstance(speaker, TwinSpeaker)
        frames = heard.frames()
        for _ in range(12):
            frame = await anext(frames)
            loudest = max(loudest, int(np.frombuffer(frame.samples, "<i2").max()))
            await speaker.play(SoundFrame(piece, 0))
        return GOOD

    monkeypatch.setattr(sound_check, "run", run)
    assert check(tmp_path) == 0
    assert loudest > 1500
