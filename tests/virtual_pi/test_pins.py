"""The stand-in for lgpio: gpiozero's own driver keeps every promise of the ports on it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hardware.contracts import check_chime, check_indicator, check_light, check_sensor
from hardware.errors import BusyError
from hardware.gpio import GpioLight, GpioSensor
from hardware.gpio_indicator import GpioIndicator
from hardware.gpio_pulse import GpioChime
from hardware.patient_parts import PatientLight
from tests.support.hil_bench import SimBench

STAND_IN = Path(__file__).resolve().parents[2] / "virtual_pi" / "pins"
PIN = 17
# Of a Pi 5, which gpiozero would ask the kernel for.
PI_5 = 0xC04170


@pytest.fixture
def bench(tmp_path: Path) -> SimBench:
    line = tmp_path / f"sim_gpio{PIN}"
    line.mkdir()
    (line / "pull").write_text("pull-up", "ascii")
    (line / "value").write_text("0", "ascii")
    return SimBench(tmp_path)


@pytest.fixture
def lgpio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The stand-in under lgpio's name; what was loaded with it is forgotten again."""
    loaded = {name for name in ("lgpio", "gpiozero.pins.lgpio") if name in sys.modules}
    if loaded:
        pytest.skip(f"{', '.join(sorted(loaded))} was loaded by another test already.")
    monkeypatch.setenv("DOORSTEP_VIRTUAL_PINS", str(tmp_path))
    monkeypatch.syspath_prepend(str(STAND_IN))
    yield importlib.import_module("lgpio")
    for name in ("lgpio", "gpiozero.pins.lgpio"):
        sys.modules.pop(name, None)


@pytest.fixture
def factory(lgpio: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """gpiozero's own driver for lgpio, on a Pi 5."""
    driver = importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory
    monkeypatch.setattr(driver, "_get_revision", lambda _: PI_5)
    made = driver()
    yield made
    made.close()


async def test_button(bench: SimBench, factory: Any) -> None:
    await check_sensor(GpioSensor.button(PIN, factory), lambda on: bench.drive(PIN, not on))


async def test_motion_sensor(bench: SimBench, factory: Any) -> None:
    bench.drive(PIN, False)
    await check_sensor(GpioSensor.motion(PIN, factory), lambda on: bench.drive(PIN, on))


async def test_light(bench: SimBench, factory: Any) -> None:
    await check_light(GpioLight(PIN, factory), lambda: bench.level(PIN))


async def test_chime(bench: SimBench, factory: Any) -> None:
    await check_chime(GpioChime(PIN, factory), lambda: bench.level(PIN))


@pytest.mark.usefixtures("bench")
async def test_indicator(factory: Any) -> None:
    await check_indicator(GpioIndicator(PIN, factory))


async def test_a_pin_of_another_program_is_busy(bench: SimBench, lgpio: Any, factory: Any) -> None:
    other = lgpio.gpiochip_open(0)
    lgpio.gpio_claim_output(other, PIN, 1)
    with pytest.raises(BusyError, match=r"GPIO 17 .light. is held by another program"):
        async with GpioLight(PIN, factory):
            pass
    lgpio.gpiochip_close(other)
    async with GpioLight(PIN, factory):
        assert not bench.level(PIN)


async def test_a_light_works_as_soon_as_the_other_program_has_gone(
    bench: SimBench, lgpio: Any, factory: Any
) -> None:
    other = lgpio.gpiochip_open(0)
    lgpio.gpio_claim_output(other, PIN, 1)
    async with PatientLight("light", lambda: GpioLight(PIN, factory)) as light:
        for _ in range(2):
            with pytest.raises(BusyError, match="held by another program"):
                await light.open()
        lgpio.gpiochip_close(other)
        await light.open()
        light.switch(True)
        assert bench.level(PIN)


@pytest.mark.usefixtures("bench")
def test_a_line_belongs_to_one_handle(lgpio: Any) -> None:
    first, second = lgpio.gpiochip_open(0), lgpio.gpiochip_open(0)
    lgpio.gpio_claim_output(first, PIN, 1)
    with pytest.raises(lgpio.error, match="busy"):
        lgpio.gpio_claim_input(second, PIN)
    lgpio.gpiochip_close(first)
    lgpio.gpio_claim_input(second, PIN)
    lgpio.gpiochip_close(second)
