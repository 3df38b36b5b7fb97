"""Which parts may be on which pins of a Pi's header, and why not: one sentence for each conflict.

Pulls at boot: BCM2835 ARM Peripherals, table of alternative functions; the same on all later
models. Functions: the 40-pin header's usual ones. Imports next to nothing: the lock's keeper
asks here as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

HEADER = range(28)
# Until a program takes a pin it is an input with this pull, for as long as the Pi boots.
PULLED_UP_AT_BOOT = range(9)
# Pins that are busy before any program of ours runs, or whenever a card is plugged in.
ALWAYS_TAKEN = {
    (0, 1): "the Pi looks there for an add-on board's memory while it boots",
    (2, 3): "I2C, where sound cards and clocks answer, and always pulled up",
    (14, 15): "the serial console, which speaks while the Pi boots",
}
I2S = range(18, 22)
# By which their overlays switch the amplifier on, unless told otherwise.
AMPLIFIER_PINS = {"voicehat": 16, "max98357": 4}
# Parts of the names of cards that are wired to I2S; USB cards have none of them.
I2S_CARDS = (
    "i2s", "voicehat", "hifiberry", "max98357", "wm8960", "seeed", "2mic", "4mic", "iqaudio",
    "adau7002", "simple-card", "rpi-dac", "rpi_dac", "allo", "audioinjector",
)  # fmt: skip


def fault_of(pins: Mapping[str, int], inverted: Collection[str]) -> str | None:
    """What is wrong with the pins of these parts; None when nothing is."""
    for part, pin in pins.items():
        if fault := _not_to_be_had(part, pin):
            return fault
    parts: dict[int, str] = {}
    for part, pin in pins.items():
        if (other := parts.setdefault(pin, part)) != part:
            return f"{other} and {part} are both on GPIO {pin}; two parts cannot share one pin"
    lock = pins.get("lock")
    return None if lock is None else opens_at_boot(lock, inverted="lock" in inverted)


def opens_at_boot(pin: int, *, inverted: bool) -> str | None:
    """Why a lock's relay there would be on while the Pi boots; None when it would not."""
    if pin in PULLED_UP_AT_BOOT and not inverted:
        return (
            f"a lock on GPIO {pin} would open while the Pi boots, when GPIO 0 to 8 are pulled up;"
            " choose a pin from 9 to 27"
        )
    if pin not in PULLED_UP_AT_BOOT and inverted:
        return (
            f"an inverted lock on GPIO {pin} would open while the Pi boots, when GPIO 9 to 27 are"
            " pulled down; choose a pin from 4 to 8, or a relay that closes on high"
        )
    return None


def i2s_fault(pins: Mapping[str, int], card: str | None) -> str | None:
    """What is wrong with these pins beside a sound card of that name."""
    name = (card or "").lower()
    if not any(known in name for known in I2S_CARDS):
        return None
    amplifiers = [pin for known, pin in AMPLIFIER_PINS.items() if known in name]
    for part, pin in pins.items():
        if pin in I2S or pin in amplifiers:
            needs = " and ".join(["18 to 21 for I2S", *(f"{amp} to wake" for amp in amplifiers)])
            return (
                f"{part} is on GPIO {pin}, and the sound card {card!r} needs {needs};"
                " choose another pin"
            )
    return None


def _not_to_be_had(part: str, pin: int) -> str | None:
    if pin not in HEADER:
        return f"{part} is on GPIO {pin}, and the header has 0 to 27; choose one of those"
    for taken, why in ALWAYS_TAKEN.items():
        if pin in taken:
            pair = f"GPIO {taken[0]} and {taken[1]}"
            return f"{part} is on GPIO {pin}, and {pair} are taken: {why}; choose another pin"
    return None
