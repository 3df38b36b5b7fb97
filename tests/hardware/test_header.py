"""The header has each pin once, and the ones that a part's wires need."""

from __future__ import annotations

import pytest

from hardware.header import (
    GPIO_OF_PIN,
    GROUND,
    HEADER_PINS,
    PIN_OF_GPIO,
    POWER,
    ground_near,
    words_of,
)


def test_every_pin_of_the_header_is_one_thing() -> None:
    kinds = [*POWER, *GROUND, *GPIO_OF_PIN]
    assert sorted(kinds) == list(range(1, HEADER_PINS + 1))


def test_every_gpio_comes_out_once() -> None:
    assert sorted(PIN_OF_GPIO) == list(range(28))
    assert len(GPIO_OF_PIN) == len(PIN_OF_GPIO)


@pytest.mark.parametrize(
    ("pin", "words"),
    [(1, "3V3"), (6, "ground"), (11, "GPIO 17"), (13, "GPIO 27"), (27, "ID_SD"), (40, "GPIO 21")],
)
def test_a_pin_has_its_name(pin: int, words: str) -> None:
    assert words_of(pin) == words


def test_there_is_no_pin_41() -> None:
    with pytest.raises(ValueError, match="1 to 40, not 41"):
        words_of(41)


@pytest.mark.parametrize(("pin", "ground"), [(11, 9), (13, 14), (15, 14), (32, 30), (40, 39)])
def test_the_nearest_ground_is_found(pin: int, ground: int) -> None:
    assert ground_near(pin) == ground
