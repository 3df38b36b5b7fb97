import struct
from pathlib import Path

import pytest

from hardware.pi.model import CPUINFO, ENCODER, MEMINFO, MODEL, REVISION, parse_revision, this_model


def machine(root: Path, files: dict[Path, bytes], *, encoder: bool = False) -> Path:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    if encoder:
        (root / ENCODER).parent.mkdir()
        (root / ENCODER).touch()
    return root


def device_tree(name: str, code: int) -> dict[Path, bytes]:
    return {MODEL: name.encode() + b"\0", REVISION: struct.pack(">I", code)}


@pytest.mark.parametrize(
    ("code", "short", "family", "memory_mb"),
    [
        (0x902120, "Zero 2 W", "zero2", 512),
        (0xA02082, "3B", "3", 1024),
        (0xA020D3, "3B+", "3", 1024),
        (0x9020E0, "3A+", "3", 512),
        (0xA03111, "4B", "4", 1024),
        (0xD03114, "4B", "4", 8192),
        (0xC03130, "400", "4", 4096),
        (0xB03140, "CM4", "4", 2048),
        (0xC04170, "5", "5", 4096),
        (0xE04171, "5", "5", 16384),
        (0xD04180, "CM5", "5", 8192),
        (0x9000C1, "Zero W", "old", 512),
        (0xA01041, "2B", "old", 1024),
        (0x000010, "1", "old", 0),
        (0xC04FF0, "", "unknown", 4096),
    ],
)
def test_a_revision_names_the_model(code: int, short: str, family: str, memory_mb: int) -> None:
    assert parse_revision(code) == (short, family, memory_mb)


def test_a_zero_2_encodes_in_hardware(tmp_path: Path) -> None:
    files = device_tree("Raspberry Pi Zero 2 W Rev 1.0", 0x902120)
    model = this_model(machine(tmp_path, files, encoder=True))
    assert model.encoder == tmp_path / ENCODER
    assert model.summary == "Raspberry Pi Zero 2 W Rev 1.0, 512 MB, H.264 in hardware"
    assert model.fast_enough


def test_a_pi_whose_encoder_is_not_loaded_uses_its_processor(tmp_path: Path) -> None:
    files = device_tree("Raspberry Pi 4 Model B Rev 1.4", 0xC03114)
    assert this_model(machine(tmp_path, files)).encoder is None


def test_a_pi_5_has_no_encoder_whatever_has_its_number(tmp_path: Path) -> None:
    files = device_tree("Raspberry Pi 5 Model B Rev 1.0", 0xC04170)
    model = this_model(machine(tmp_path, files, encoder=True))
    assert (model.family, model.encoder) == ("5", None)


def test_without_a_device_tree_the_processor_names_the_revision(tmp_path: Path) -> None:
    files = {CPUINFO: b"Hardware\t: BCM2835\nRevision\t: 902120\nSerial\t\t: 00\n"}
    model = this_model(machine(tmp_path, files))
    assert (model.name, model.memory_mb) == ("Raspberry Pi Zero 2 W", 512)


def test_a_pi_of_the_first_years_is_too_slow(tmp_path: Path) -> None:
    assert not this_model(machine(tmp_path, device_tree("Pi", 0x9000C1))).fast_enough


def test_another_machine_is_unknown_and_its_memory_is_told(tmp_path: Path) -> None:
    files = {MEMINFO: b"MemTotal:        2048000 kB\n"}
    model = this_model(machine(tmp_path, files, encoder=True))
    assert model.summary == "not a Raspberry Pi, 2000 MB, H.264 by the processor"
    assert model.family == "unknown"


def test_a_machine_that_tells_nothing_is_unknown_too(tmp_path: Path) -> None:
    assert this_model(tmp_path).memory_mb == 0
