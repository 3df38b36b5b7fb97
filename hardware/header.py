"""The Raspberry Pi's 40-pin header: where each GPIO number comes out.

The same on every model since the 1 B+ (Raspberry Pi documentation, "GPIO and the 40-pin header").
Pin 1 is the corner pin at the end of the board that holds the card; odd numbers stand inside.
"""

from __future__ import annotations

from collections.abc import Mapping

HEADER_PINS = 40
POWER: Mapping[int, str] = {1: "3V3", 2: "5V", 4: "5V", 17: "3V3"}
GROUND = (6, 9, 14, 20, 25, 30, 34, 39)
# Of the identification chip of a HAT; nothing else may be wired there.
RESERVED: Mapping[int, str] = {27: "ID_SD", 28: "ID_SC"}
PIN_OF_GPIO: Mapping[int, int] = {
    0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32,
    13: 33, 14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18,
    25: 22, 26: 37, 27: 13,
}  # fmt: skip
GPIO_OF_PIN: Mapping[int, int] = {pin: gpio for gpio, pin in PIN_OF_GPIO.items()}


def words_of(pin: int) -> str:
    """What a pin of the header is called; ValueError for a number that is not 1 to 40."""
    if pin in GROUND:
        return "ground"
    if pin in POWER or pin in RESERVED:
        return POWER.get(pin) or RESERVED[pin]
    if pin not in GPIO_OF_PIN:
        raise ValueError(f"The header has pins 1 to {HEADER_PINS}, not {pin}.")
    return f"GPIO {GPIO_OF_PIN[pin]}"


def ground_near(pin: int) -> int:
    """The ground pin that is closest on the header, for the part's second wire."""
    return min(GROUND, key=lambda ground: (abs(_row(ground) - _row(pin)), ground % 2 != pin % 2))


def _row(pin: int) -> int:
    return (pin + 1) // 2
