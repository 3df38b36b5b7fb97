"""What the Pi's firmware says of its power and heat, as the kernel passes it on in sysfs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# A number of flags in hexadecimal, by the kernel of Raspberry Pi OS.
THROTTLED = "sys/devices/platform/soc*/*firmware/get_throttled"
# What every kernel has since 4.20 (driver raspberrypi-hwmon): 1 while the voltage is too low.
HWMON = "sys/class/hwmon/hwmon*"
HWMON_NAME, HWMON_ALARM = "rpi_volt", "in0_lcrit_alarm"
THERMAL = "sys/class/thermal/thermal_zone0/temp"
# "get_throttled" of vcgencmd (Raspberry Pi documentation): now, and since the start.
_UNDERVOLTAGE = 1 << 0
_WAS_UNDERVOLTAGE = 1 << 16


@dataclass(frozen=True, slots=True)
class Throttling:
    """Whether the power supply is too weak now, or was since the start."""

    undervoltage: bool
    was_undervoltage: bool

    @property
    def remedy(self) -> str:
        return "Use the power supply made for this Raspberry Pi, and a short, thick cable."


def throttling(root: Path = Path("/")) -> Throttling | None:
    """What is known of the power; None on other machines. `root` is where `sys` is."""
    for path in root.glob(THROTTLED):
        flags = _number(path, 16)
        if flags is not None:
            return Throttling(bool(flags & _UNDERVOLTAGE), bool(flags & _WAS_UNDERVOLTAGE))
    for folder in root.glob(HWMON):
        if _text(folder / "name") == HWMON_NAME:
            alarm = _number(folder / HWMON_ALARM, 10)
            if alarm is not None:
                return Throttling(bool(alarm), bool(alarm))
    return None


def temperature_c(root: Path = Path("/")) -> float | None:
    """Of the processor, in degrees Celsius; None where nobody tells."""
    thousandths = _number(root / THERMAL, 10)
    return None if thousandths is None else thousandths / 1000


def _number(path: Path, base: int) -> int | None:
    try:
        return int(_text(path), base)
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace").strip()
    except OSError:
        return ""
