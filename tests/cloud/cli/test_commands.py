"""The command line: what a person can put right is one sentence and exit code 2."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.shared.settings import read_settings
from protocol.settings import SettingsError


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    [sentence] = said.err.splitlines()
    return sentence


def test_an_unknown_key_gets_a_suggestion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text("[http]\nprot = 1\n")
    sentence = fails(capsys, "run", "--config", str(config))
    assert "'http.prot'" in sentence
    assert "Did you mean 'http.port'?" in sentence


def test_bad_toml_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text("[http]\nport =\n")
    sentence = fails(capsys, "check", "--config", str(config))
    assert "cloud.toml is not valid TOML" in sentence
    assert "at line 2" in sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--http-prot", "1"], "Did you mean '--http-port'?"),
        (["run", "--http-port", "x"], "http.port (from --http-port)"),
        (["run", "--config", "/nowhere/x.toml"], "cannot be read"),
        (["run", "--push-vapid-subject", "me"], "push.vapid_subject"),
        (["run", "--clips-url", "ftp://x"], "s3://bucket/prefix"),
        (["run", "--http-public-url", "door.example"], "https://name"),
        (["jump"], "Invalid choice"),
        ([], "command"),
    ],
)
def test_a_bad_argument_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert words.lower() in fails(capsys, *arguments).lower()


def test_a_port_in_use_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        sentence = fails(capsys, "run", "--http-port", port, "--state-directory", str(tmp_path))
    assert "already in use" in sentence
    assert "--http-port" in sentence


def test_a_broken_database_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "doorstep.sqlite3").write_bytes(b"no database" * 100)
    sentence = fails(capsys, "check", "--state-directory", str(tmp_path))
    assert "doorstep.sqlite3 cannot be used" in sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vapid.pem", "vapid.pem is not a private key in PEM form. Restore it, or remove it"),
        ("recordings", "recordings cannot be used: File exists. Give its folder to this user"),
        ("clips", "clips cannot be used. Check the address"),
    ],
)
def test_a_foreign_file_in_the_state_folder_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    (tmp_path / name).write_text("something else")
    assert words in fails(capsys, "run", "--http-port", "0", "--state-directory", str(tmp_path))
    assert (tmp_path / name).read_text() == "something else"


def test_a_state_folder_that_nothing_can_be_written_to_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Not even root can make anything here.
    arguments = ("run", "--http-port", "0", "--state-directory", "/proc/sys/doorstep")
    sentence = fails(capsys, *arguments)
    assert sentence.startswith("/proc/sys/doorstep cannot be used: ")
    assert sentence.endswith("name another by --state-directory.")


def test_a_misspelt_variable_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORSTEP_HTTP_PROT", "1")
    assert "Did you mean DOORSTEP_HTTP_PORT?" in fails(capsys, "run")


def test_an_old_python_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.version_info", (3, 9, 0))
    assert "Python 3.11 or newer" in fails(capsys, "run")


def test_show_config_can_be_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-config", "--ice-stun", "stun:a.example:3478,stun:b.example"]) == 0
    shown = tomllib.loads(capsys.readouterr().out)
    assert shown["ice"]["stun"] == ["stun:a.example:3478", "stun:b.example"]


def test_check_opens_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--state-directory", str(tmp_path)]) == 0
    assert str(tmp_path) in capsys.readouterr().out


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text('[http]\nport = 1\nhost = "::1"\n')
    environment = {"DOORSTEP_HTTP_PORT": "2", "PORT": "9"}
    assert read_settings(config, {}, {}).http.port == 1
    assert read_settings(config, {"PORT": "9"}, {}).http.port == 9
    assert read_settings(config, environment, {}).http.port == 2
    assert read_settings(config, environment, {"http.port": "3"}).http.port == 3
    assert read_settings(config, environment, {}).http.host == "::1"


def test_a_misspelt_variable_is_told_and_a_foreign_one_is_not() -> None:
    with pytest.raises(SettingsError, match="DOORSTEP_HTTP_PORT"):
        read_settings(None, {"DOORSTEP_HTTP_PORTS": "1"}, {})
    read_settings(None, {"DOORSTEP_BOARD_NAME": "twin"}, {})
