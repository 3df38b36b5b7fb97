from __future__ import annotations

from pathlib import Path

import pytest

from device.former_settings import FORMER
from device.settings import Settings, read_settings
from device.wiring import floors_of, options_of, policy_of
from media.addresses import Network
from protocol.settings import SettingsError, leaves, render


def read(text: str, folder: Path, environment: dict[str, str] | None = None,
         flags: dict[str, str] | None = None) -> Settings:  # fmt: skip
    file = folder / "device.toml"
    file.write_text(text)
    return read_settings(file, environment or {}, flags or {})


def test_flags_beat_environment_beats_file(tmp_path: Path) -> None:
    text = '[doorbell]\nname = "file"\n[server]\nurl = "http://file"\n[sound]\nsource = "file"\n'
    environment = {"DOORSTEP_SERVER_URL": "http://env", "DOORSTEP_DOORBELL_NAME": "env"}
    settings = read(text, tmp_path, environment, {"doorbell.name": "flag"})
    assert settings.doorbell.name == "flag"
    assert settings.server.url == "http://env"
    assert settings.sound.source == "file"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[camara]\nwidth = 1\n", "Unknown setting 'camara' in "),
        ("[camera]\nwidht = 640\n", "Did you mean 'camera.width'?"),
        ("[camera\n", "device.toml is not valid TOML: "),
        ("[doorbell]\nname =\n", "(at line 2, column 7)."),
        ("[camera]\nfps = 'fast'\n", "camera.fps"),
        ("[camera]\nlow_bitrate_bps = 90000\n", "camera.low_bitrate_bps"),
        ("[camera]\nbitrate_floor_bps = 3000000\n", "set bitrate_floor_bps to 2000000 or less"),
        ("[camera]\nlow_bitrate_floor_bps = 400000\n", "set low_bitrate_floor_bps to 350000"),
        ("[lock]\npulse_s = 60\n", "lock.pulse_s"),
        ("[server]\nurl = 'localhost'\n", "write it as https://name, without a path"),
        ("[quiet_hours]\nstart = '22:00'\n", "set both start and end, or none"),
        ("[quiet_hours]\nstart = '25:00'\nend = '07:00'\n", "write it as 22:00"),
        ("[media]\nports = '50100-50000'\n", "write it as 50000-50100"),
        ("[media]\npublic_addresses = ['home.example.org']\n", "such as 203.0.113.7"),
        ("[pins]\nlock = 17\n", "two parts cannot share one pin"),
        ("[pins]\nlock = 6\n", "would open while the Pi boots"),
        ("[pins]\ninverted = ['lock']\n", "would open while the Pi boots"),
        ("[pins]\nbutton = 40\n", "the header has 0 to 27"),
        ("[pins]\nchime = 15\n", "the serial console"),
        ("[pins]\ninverted = ['bell']\n", "pins.inverted"),
        ("[pins]\nlight = 19\n[sound]\noutput = 'MAX98357A'\n", "18 to 21 for I2S"),
        ("[doorbell]\nboard = 'uno'\n", "doorbell.board"),
        ("[mqtt]\ncertificate_file = 'own.pem'\n", "set ca_file as well"),
        ("[mqtt]\nca_file = 'a.pem'\nkey_file = 'own.key'\n", "set certificate_file as well"),
    ],
)
def test_a_wrong_file_is_said_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(text, tmp_path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_settings(tmp_path / "none.toml", {}, {})


def test_the_units_short_name_of_the_state_folder(tmp_path: Path) -> None:
    assert read("", tmp_path, {"DOORSTEP_STATE": "/s"}).state.directory == Path("/s")


def test_every_setting_is_explained() -> None:
    assert [leaf.key for leaf in leaves(Settings) if not leaf.doc] == []


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    settings = read("[quiet_hours]\nstart = '22:00'\nend = '07:00'\n", tmp_path)
    assert read(render(settings), tmp_path) == settings


def test_the_policy_follows_the_settings(tmp_path: Path) -> None:
    text = "[quiet_hours]\nstart = '22:30'\nend = '07:00'\n[lock]\npulse_s = 2\n"
    policy = policy_of(read(text, tmp_path))
    assert policy.pulse_s == 2
    assert policy.quiet(22 * 60 + 30)
    assert not policy.quiet(22 * 60 + 29)


def test_the_recording_keeps_its_rate_unless_told_otherwise(tmp_path: Path) -> None:
    text = "[camera]\nbitrate_bps = 1500000\n"
    settings = read(text, tmp_path)
    assert options_of(settings).video.bitrate_bps == 1_500_000
    assert floors_of(settings) == {"high": 1_500_000, "low": 150_000, "close": 150_000}
    settings = read(text + "bitrate_floor_bps = 400000\n", tmp_path)
    assert floors_of(settings)["high"] == 400_000


def test_the_board_follows_the_settings(tmp_path: Path) -> None:
    flags = {"state.directory": str(tmp_path), "camera.source": "loop", "pins.lock": "25"}
    options = options_of(read("", tmp_path, {}, flags))
    assert (options.camera, options.pins.lock) == ("loop", 25)
    assert options.control_socket == tmp_path / "twin.sock"


def test_the_network_follows_the_settings(tmp_path: Path) -> None:
    text = '[media]\nports = "50000-50031"\npublic_addresses = ["2001:DB8::7"]\n'
    network = read(text, tmp_path).media.network
    assert network.ports == range(50000, 50032)
    assert network.public_addresses == ("2001:db8::7",)
    assert read("", tmp_path).media.network == Network()


def test_settings_of_older_versions_still_count(tmp_path: Path) -> None:
    said: list[str] = []
    file = tmp_path / "device.toml"
    file.write_text("[camera]\nflip = true\n[mqtt]\nallow_unlock = true\n[radar]\nrange_m = 3\n")
    settings = read_settings(file, {}, {}, said.append)
    assert settings.camera.rotation == 180
    assert [sentence.partition(" in ")[0] for sentence in said] == [
        "radar", "camera.flip", "mqtt.allow_unlock",
    ]  # fmt: skip
    assert "Write camera.rotation = 180" in said[1]


def test_former_names_lead_to_settings_that_there_are() -> None:
    known = {leaf.key for leaf in leaves(Settings)}
    assert not known & FORMER.keys()
    assert {former.now for former in FORMER.values()} <= {*known, None}
