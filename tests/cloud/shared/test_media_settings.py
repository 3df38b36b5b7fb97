"""Where the recorder's media goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.shared.settings import read_settings
from media.addresses import Network
from protocol.settings import SettingsError


def test_ports_and_addresses_come_from_the_file(tmp_path: Path) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text('[media]\nports = "50000-50100"\npublic_addresses = ["203.0.113.7"]\n')
    media = read_settings(config, {}, {}).media
    assert media.network == Network(50000, 50100, ("203.0.113.7",))
    assert read_settings(None, {}, {}).media.network == Network()


def test_ports_and_addresses_come_from_the_environment() -> None:
    environment = {
        "DOORSTEP_MEDIA_PORTS": "50000-50001",
        "DOORSTEP_MEDIA_PUBLIC_ADDRESSES": '["203.0.113.7", "2001:db8::7"]',
    }
    network = read_settings(None, environment, {}).media.network
    assert network == Network(50000, 50001, ("203.0.113.7", "2001:db8::7"))


@pytest.mark.parametrize(("name", "text"), [
    ("MEDIA_PORTS", "50000"), ("MEDIA_PORTS", "50100-50000"), ("MEDIA_PORTS", "1-65536"),
    ("MEDIA_PUBLIC_ADDRESSES", '["door.example.org"]'),
])  # fmt: skip
def test_what_cannot_be_meant_is_said_in_one_sentence(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=r"media\.\w+.*write it as"):
        read_settings(None, {f"DOORSTEP_{name}": text}, {})
