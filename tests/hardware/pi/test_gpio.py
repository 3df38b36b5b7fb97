"""The Pi's parts on its header, on mock pins: which pin, and which way round."""

import pytest

from hardware.contracts import check_chime, check_indicator, check_light, check_sensor
from hardware.options import Pins, Wired
from hardware.pi.gpio import Header
from hardware.ports import Signal
from hardware.twin.pins import PorchFactory

EVERY: frozenset[Wired] = frozenset({"button", "motion", "light", "chime", "indicator"})


@pytest.fixture(params=[frozenset(), EVERY], ids=["as usual", "inverted"])
def pins(request: pytest.FixtureRequest) -> Pins:
    return Pins(inverted=request.param)


@pytest.fixture
def factory(pins: Pins, monkeypatch: pytest.MonkeyPatch) -> PorchFactory:
    factory = PorchFactory(pins, lambda part, active: None)
    monkeypatch.setattr("hardware.pi.gpio.shared_factory", lambda: factory)
    return factory


def drive(factory: PorchFactory, number: int, high: bool) -> None:
    pin = factory.pin(number)
    if high:
        pin.drive_high()
    else:
        pin.drive_low()


async def test_inputs(pins: Pins, factory: PorchFactory) -> None:
    header, inverted = Header(pins), bool(pins.inverted)
    await check_sensor(header.button(), lambda on: drive(factory, pins.button, on is inverted))
    factory.pin(pins.motion).pull = "up" if inverted else "down"
    await check_sensor(header.motion(), lambda on: drive(factory, pins.motion, on is not inverted))


async def test_outputs(pins: Pins, factory: PorchFactory) -> None:
    header, inverted = Header(pins), bool(pins.inverted)
    light, chime = factory.pin(pins.light), factory.pin(pins.chime)
    await check_light(header.light(), lambda: bool(light.state) is not inverted)
    await check_chime(header.chime(), lambda: bool(chime.state) is not inverted)


async def test_indicator(pins: Pins, factory: PorchFactory) -> None:
    header, inverted = Header(pins), bool(pins.inverted)
    await check_indicator(header.indicator())
    async with header.indicator() as indicator:
        indicator.show(Signal.LIVE)
        assert bool(factory.pin(pins.indicator).state) is not inverted
