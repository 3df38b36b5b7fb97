"""What a stranger reads in the terminal."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from device.cli import main
from device.services.admin import SOCKET_NAME


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOORSTEP_STATE", raising=False)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence with which a command is refused."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    return printed.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("frob",), "invalid choice: 'frob'"),
        ((), "The following arguments are required: command."),
        (("run", "--camra", "x"), "Unknown argument --camra. Did you mean '--camera'?"),
        (("run", "--board", "uno"), "doorbell.board (from --doorbell-board)"),
        (("run", "now"), "Unknown argument now."),
        (
            ("run", "--config", "none.toml"),
            "none.toml cannot be read: No such file or directory. Check",
        ),
        (("run", "--camera", "none.mp4"), "There is no camera 'none.mp4'."),
        (("pair",), "No doorbell runs with its state in"),
        (("status",), "No doorbell runs with its state in"),
        (("twin", "press"), "No twin is running here. Start it with: make run"),
        (("twin",), "Say one of: twin press"),
        (("twin", "speak"), "Say one of: twin press"),
        (("twin", "dance"), "Say one of: twin press"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refusal(capsys, *arguments)


def test_a_state_folder_that_is_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made" in refusal(capsys, "run", "--state", "file")


def test_a_key_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "identity.pem").write_text("no key")
    said = refusal(capsys, "run", "--state", ".", "--camera-width", "320")
    assert "does not hold the doorbell's key" in said


@pytest.mark.parametrize("option", ["--camera", "--sound"])
def test_a_file_of_another_kind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    (tmp_path / "letter.mp4").write_text("Dear neighbour")
    assert "letter.mp4 cannot be read as" in refusal(capsys, "run", option, "letter.mp4")


@pytest.mark.parametrize("name", ["identity.pem", "phones.json"])
def test_a_file_of_the_state_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    said = refusal(capsys, "run", "--state", ".", "--camera-width", "320")
    assert f"{name} cannot be read" in said
    assert "name another with --state" in said


def test_a_list_of_phones_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "phones.json").write_text("[")
    said = refusal(capsys, "run", "--state", ".", "--camera-width", "320")
    assert "phones.json is damaged" in said
    assert "remove it and pair the phones again" in said
    assert (tmp_path / "phones.json").read_text() == "["


def test_a_state_folder_that_nothing_can_be_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    # Not even root can make anything here.
    said = refusal(capsys, "run", "--state", "/proc/sys/doorstep")
    assert "The state folder /proc/sys/doorstep cannot be made" in said
    assert "--state" in said


def test_a_second_doorbell_on_one_state_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(tmp_path / SOCKET_NAME))
        first.listen()
        said = refusal(capsys, "run", "--state", str(tmp_path))
    assert "A doorbell already runs with its state in" in said


def test_a_misspelt_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORSTEP_CAMERA_FSP", "30")
    said = refusal(capsys, "run")
    assert said == "Unknown variable DOORSTEP_CAMERA_FSP. Did you mean DOORSTEP_CAMERA_FPS?\n"


def test_an_old_python_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.version_info", (3, 9, 0))
    assert "Python 3.11 or newer" in refusal(capsys, "version")


def test_show_config_is_a_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-config", "--name", "Garden"]) == 0
    shown = capsys.readouterr().out
    Path("shown.toml").write_text(shown)
    assert main(["show-config", "--config", "shown.toml"]) == 0
    assert capsys.readouterr().out == shown
    assert 'name = "Garden"' in shown


def test_check_says_what_is_missing_and_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    # Port 9 is the discard service, which nobody runs.
    assert main(["check", "--server", "http://127.0.0.1:9", "--mqtt-host", "broker",
                 "--mqtt-password-file", "none"]) == 1  # fmt: skip
    said = capsys.readouterr().out
    lines = said.splitlines()
    missing = [line.split()[1] for line in lines if line.startswith("  MISSING")]
    assert missing == ["server", "broker"]
    assert "Start it with `python -m cloud run`" in " ".join(said.split())
    assert lines[-1] == "put it right, then check again."


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.strip()
