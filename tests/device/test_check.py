"""`check`, as a stranger at a terminal reads it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from device.checks import parts
from device.checks.finding import Finding, Section, missing, note, ok
from device.checks.report import WIDTH, lines, sections
from device.checks.services import Status
from device.cli import main
from device.settings import (
    DoorbellSettings,
    LockSettings,
    PinSettings,
    ServerSettings,
    Settings,
    SoundSettings,
    StateSettings,
)
from device.wiring import identity_in
from hardware.pi import probe
from tests.support.doorbell_process import doorbell

# The discard service, which nobody runs.
NOBODY = ServerSettings(url="http://127.0.0.1:9")


def of_pi(state: Path, sound: SoundSettings | None = None) -> Settings:
    return Settings(
        doorbell=DoorbellSettings(board="pi"),
        server=NOBODY,
        state=StateSettings(directory=state),
        lock=LockSettings(keeper=state / "keeper"),
        sound=sound or SoundSettings(),
    )


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_every_line_fits_a_terminal_and_commands_can_be_copied() -> None:
    # A path that is longer than a line would not fit, whatever is done.
    with TemporaryDirectory() as short:
        settings = of_pi(Path(short))
        said = list(lines(sections(settings, ["camera.flip is of an older version. " * 4])))
    assert max(len(line) for line in said) <= WIDTH
    assert {"Software", "Settings", "Machine", "Parts", "Household", "Network"} <= set(said)
    assert "sudo systemctl start doorstep-lock" in [line.strip() for line in said]


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    state = tmp_path / "none"
    found = list(sections(of_pi(state)))
    assert not state.exists()
    assert any("the first start makes one" in one.detail for part in found for one in part.findings)


def test_a_section_is_complete_without_what_it_can_do_without() -> None:
    assert Section("Parts", (ok("camera", "imx708"), note("cards", "two"))).complete
    assert not Section("Parts", (missing("camera", "none"),)).complete


def test_each_part_is_found_on_the_header(tmp_path: Path) -> None:
    settings = of_pi(tmp_path).model_copy(
        update={"pins": PinSettings(infrared=26, inverted=("light",))}
    )
    found = by_name(list(parts.wiring_of(settings)))
    assert found["button"].detail == "GPIO 17  pin 11  ground: pin 9"
    assert found["light"].detail.endswith(", inverted")
    assert found["infrared"].detail.startswith("GPIO 26  pin 37")


def test_what_a_running_doorbell_says_counts_more_than_what_is_seen() -> None:
    seen = [ok("camera", "imx708"), ok("speaker", "Jabra")]
    status = Status("Ready, without camera", {"camera": "It stalled.", "server": "It is away."})
    found = by_name(list(parts.with_faults(seen, status)))
    assert found["camera"] == missing("camera", "It stalled.")
    assert found["speaker"] == ok("speaker", "Jabra")
    assert "server" not in found
    both = Status("Ready", {"light": "It is away.", "chime": "It is away."})
    told = [finding.detail for finding in parts.with_faults([], both)]
    assert told == ["It is away.", "the same"]


def test_sound_cards_are_chosen_by_part_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "has_pyaudio", lambda: True)
    monkeypatch.setattr(probe, "sound_cards", lambda: ("bcm2835 Headphones", "Jabra SPEAK 510"))
    settings = of_pi(tmp_path, SoundSettings(device="jabra", output="MAX98357A"))
    found = by_name(list(parts.of_pi(settings, running=False)))
    assert found["microphone"] == ok("microphone", "Jabra SPEAK 510")
    assert "set sound.output" in found["speaker"].detail
    assert found["cards"].detail == "bcm2835 Headphones; Jabra SPEAK 510"


def test_cameras_that_are_not_the_chosen_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = (probe.FoundCamera(1, "imx219", 0),)
    monkeypatch.setattr(probe, "cameras", lambda: cameras)
    cells = [one for one in parts.of_pi(of_pi(tmp_path), running=False) if one.what == "camera"]
    assert [cell.mark for cell in cells] == ["note", "MISSING"]
    assert "Set camera.number" in cells[1].detail


async def test_a_running_doorbell_is_recognized(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with doorbell(tmp_path) as running:
        await running.server.line()
        # `main` runs no loop of its own here: it only asks.
        assert main(["check", "--state", str(tmp_path), "--server", running.server.url]) == 1
        await running.stop()
    said = capsys.readouterr().out
    assert "the doorbell runs:" in said
    assert identity_in(tmp_path).id in said
