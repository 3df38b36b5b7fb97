import logging

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from hardware.contracts import (
    check_chime,
    check_indicator,
    check_light,
    check_lock,
    check_sensor,
)
from hardware.errors import BusyError, ClosedError, MissingError
from hardware.gpio import GpioLight, GpioSensor
from hardware.gpio_indicator import GpioIndicator, _light
from hardware.gpio_pulse import GpioChime, GpioLock
from hardware.limits import LOCK_PULSE_LIMIT_S
from hardware.ports import Signal
from tests.support.hand_turned_time import VirtualTimers

PIN = 17


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory()


async def test_button(factory: MockFactory) -> None:
    pin = factory.pin(PIN)
    button = GpioSensor.button(PIN, factory)
    await check_sensor(button, lambda on: pin.drive_low() if on else pin.drive_high())


async def test_motion_sensor(factory: MockFactory) -> None:
    pin = factory.pin(PIN)
    motion = GpioSensor.motion(PIN, factory)
    await check_sensor(motion, lambda on: pin.drive_high() if on else pin.drive_low())


async def test_button_to_the_supply(factory: MockFactory) -> None:
    pin = factory.pin(PIN)
    button = GpioSensor.button(PIN, factory, inverted=True)
    await check_sensor(button, lambda on: pin.drive_high() if on else pin.drive_low())


async def test_motion_sensor_that_is_low_while_someone_moves(factory: MockFactory) -> None:
    pin = factory.pin(PIN)
    pin.pull = "up"
    motion = GpioSensor.motion(PIN, factory, inverted=True)
    await check_sensor(motion, lambda on: pin.drive_low() if on else pin.drive_high())


async def test_lock(factory: MockFactory) -> None:
    await check_lock(GpioLock(PIN, factory), lambda: bool(factory.pin(PIN).state))


async def test_lock_whose_relay_switches_on_low(factory: MockFactory) -> None:
    lock = GpioLock(PIN, factory, active_high=False)
    async with lock:
        assert factory.pin(PIN).state
        lock.pulse(1)
        assert not factory.pin(PIN).state


async def test_light(factory: MockFactory) -> None:
    await check_light(GpioLight(PIN, factory), lambda: bool(factory.pin(PIN).state))


async def test_chime(factory: MockFactory) -> None:
    await check_chime(GpioChime(PIN, factory), lambda: bool(factory.pin(PIN).state))


async def test_indicator() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    await check_indicator(GpioIndicator(PIN, factory))


async def test_indicator_shines_in_a_call_and_not_before() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    async with GpioIndicator(PIN, factory) as indicator:
        assert factory.pin(PIN).state == 0
        indicator.show(Signal.LIVE)
        assert factory.pin(PIN).state == 1
        indicator.show(Signal.DARK)
        assert factory.pin(PIN).state == 0


@pytest.mark.parametrize(
    ("signal", "lit_share"), [(Signal.LIVE, 1.0), (Signal.LISTENING, 0.925), (Signal.FAULT, 0.075)]
)
async def test_signals_can_be_told_apart(signal: Signal, lit_share: float) -> None:
    led = _PaperLed()
    _light(led, signal)
    assert led.lit_share == pytest.approx(lit_share)
    assert not led.breathes


async def test_only_ringing_breathes() -> None:
    led = _PaperLed()
    _light(led, Signal.RINGING)
    assert led.breathes


class _PaperLed:
    """Notes what it is told, as shares of the time in which it is lit."""

    closed = False

    def __init__(self) -> None:
        self.value, self.breathes, self._share = 0.0, False, -1.0

    @property
    def lit_share(self) -> float:
        return self._share if self._share >= 0 else self.value

    def close(self) -> None: ...

    def pulse(self, fade_in_time: float, fade_out_time: float) -> None:
        self.breathes = True

    def blink(self, on_time: float, off_time: float) -> None:
        self._share = on_time / (on_time + off_time)


async def test_indicator_between_the_supply_and_its_pin() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    async with GpioIndicator(PIN, factory, active_high=False) as indicator:
        assert factory.pin(PIN).state == 1
        indicator.show(Signal.LIVE)
        assert factory.pin(PIN).state == 0


async def test_no_pulse_is_longer_than_the_limit(factory: MockFactory) -> None:
    timers = VirtualTimers()
    async with GpioLock(PIN, factory, start_timer=timers.start) as lock:
        lock.pulse(3600)
        assert timers.waiting == [LOCK_PULSE_LIMIT_S]
        timers.advance(LOCK_PULSE_LIMIT_S - 0.1)
        assert lock.unlocked
        timers.advance(0.2)
        assert not lock.unlocked
        assert not factory.pin(PIN).state


async def test_an_old_timer_does_not_end_a_new_pulse(factory: MockFactory) -> None:
    timers = VirtualTimers()
    async with GpioLock(PIN, factory, start_timer=timers.start) as lock:
        lock.pulse(1)
        lock.secure()
        lock.pulse(5)
        assert timers.waiting == [5]
        timers.advance(1.5)
        assert lock.unlocked


async def test_a_pulse_leaves_a_line_in_the_log(
    factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    timers = VirtualTimers()
    async with GpioLock(PIN, factory, start_timer=timers.start) as lock:
        lock.pulse(3)
        timers.advance(3)
    assert [record.message for record in caplog.records] == ["unlocked for 3.0 s", "locked"]


async def test_a_door_that_is_locked_already_needs_no_line(
    factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="hardware")
    async with GpioLock(PIN, factory, start_timer=VirtualTimers().start) as lock:
        lock.secure()
        assert not caplog.messages
        lock.pulse(3.0)
        lock.secure()
        lock.secure()
    assert caplog.messages == ["unlocked for 3.0 s", "locked"]


async def test_two_parts_on_one_pin_are_refused(factory: MockFactory) -> None:
    async with GpioLight(PIN, factory):
        with pytest.raises(BusyError, match=r"GPIO 17 \(lock\) is in use"):
            async with GpioLock(PIN, factory):
                pass


async def test_a_pin_that_no_pi_has_is_refused(factory: MockFactory) -> None:
    with pytest.raises(MissingError, match=r"GPIO 99 \(button\) is not there"):
        async with GpioSensor.button(99, factory):
            pass


async def test_a_part_that_was_never_opened_says_so(factory: MockFactory) -> None:
    with pytest.raises(ClosedError, match="The light is closed"):
        GpioLight(PIN, factory).switch(True)
    await GpioLock(PIN, factory).close()


async def test_a_second_taker_of_edges_ends_the_first(factory: MockFactory) -> None:
    pin = factory.pin(PIN)
    async with GpioSensor.button(PIN, factory) as button:
        first, second = button.edges(), button.edges()
        pin.drive_low()
        assert [edge async for edge in first] == []
        assert (await anext(second)).active
