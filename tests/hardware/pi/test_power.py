"""Power and heat as the kernel tells them, from files of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.pi.power import Throttling, temperature_c, throttling


def written(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("flags", "now", "was"),
    [("0", False, False), ("50000", False, True), ("50005", True, True), ("4", False, False)],
)
def test_the_firmware_s_flags_are_understood(
    tmp_path: Path, flags: str, now: bool, was: bool
) -> None:
    written(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", f"{flags}\n")
    assert throttling(tmp_path) == Throttling(undervoltage=now, was_undervoltage=was)


@pytest.mark.parametrize("alarm", [True, False])
def test_a_kernel_without_flags_has_an_alarm(tmp_path: Path, alarm: bool) -> None:
    written(tmp_path, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    written(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    written(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", f"{int(alarm)}\n")
    assert throttling(tmp_path) == Throttling(undervoltage=alarm, was_undervoltage=alarm)


def test_other_machines_say_nothing(tmp_path: Path) -> None:
    assert throttling(tmp_path) is None
    assert temperature_c(tmp_path) is None
    written(tmp_path, "sys/class/thermal/thermal_zone0/temp", "51234\n")
    assert temperature_c(tmp_path) == pytest.approx(51.234)
