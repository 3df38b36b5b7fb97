import pytest

from hardware.options import Pins
from hardware.pin_rules import fault_of, i2s_fault, opens_at_boot

USUAL = {"button": 17, "motion": 27, "lock": 22, "light": 23, "chime": 24, "indicator": 12}


def test_the_usual_pins_are_in_order() -> None:
    pins = Pins()
    assert {part: getattr(pins, part) for part in USUAL} == USUAL
    assert fault_of(USUAL, ()) is None
    assert i2s_fault(USUAL, "snd_rpi_googlevoicehat") is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"light": 24}, "light and chime are both on GPIO 24; two parts cannot share one pin"),
        ({"infrared": 17}, "button and infrared are both on GPIO 17"),
        ({"button": 28}, "button is on GPIO 28, and the header has 0 to 27"),
        ({"button": -1}, "button is on GPIO -1, and the header has 0 to 27"),
        ({"chime": 0}, "GPIO 0 and 1 are taken: the Pi looks there for an add-on board's memory"),
        ({"motion": 2}, "GPIO 2 and 3 are taken: I2C"),
        ({"button": 3}, "GPIO 2 and 3 are taken: I2C"),
        ({"indicator": 15}, "GPIO 14 and 15 are taken: the serial console"),
        ({"lock": 5}, "a lock on GPIO 5 would open while the Pi boots"),
    ],
)
def test_a_conflict_is_one_sentence(changes: dict[str, int], sentence: str) -> None:
    fault = fault_of(USUAL | changes, ())
    assert fault is not None
    assert sentence in fault
    assert "choose" in fault or "two parts" in fault


@pytest.mark.parametrize("pin", range(4, 28))
def test_a_lock_is_only_where_the_boot_pull_keeps_it_locked(pin: int) -> None:
    pulled_up = pin <= 8
    assert (opens_at_boot(pin, inverted=False) is not None) is pulled_up
    assert (opens_at_boot(pin, inverted=True) is not None) is not pulled_up


def test_an_inverted_lock_is_told_where_it_may_be() -> None:
    fault = fault_of(USUAL, ("lock",))
    assert fault is not None
    assert "choose a pin from 4 to 8, or a relay that closes on high" in fault
    assert fault_of(USUAL | {"lock": 6}, ("lock", "chime")) is None


@pytest.mark.parametrize("card", ["MAX98357A", "snd_rpi_hifiberry_dac", "seeed2micvoicec"])
def test_i2s_sound_needs_its_pins(card: str) -> None:
    pins = USUAL | {"chime": 21}
    fault = i2s_fault(pins, card)
    assert fault is not None
    assert fault.startswith("chime is on GPIO 21")
    assert i2s_fault(pins, "Jabra SPEAK 410") is None
    assert i2s_fault(pins, None) is None


@pytest.mark.parametrize(
    ("card", "pin"), [("MAX98357A", 4), ("snd_rpi_googlevoicehat_soundcar", 16)]
)
def test_an_amplifier_is_woken_by_a_pin_of_its_own(card: str, pin: int) -> None:
    fault = i2s_fault(USUAL | {"chime": pin}, card)
    assert fault is not None
    assert f"needs 18 to 21 for I2S and {pin} to wake; choose another pin" in fault
    assert i2s_fault(USUAL | {"chime": 26}, card) is None
