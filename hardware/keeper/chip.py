"""The relay on a GPIO line, by the kernel's character device (linux/gpio.h, version 2 of 2020).

Nothing but ioctl: the smallest way to a line, and one that the kernel itself gives back when the
process dies. The kernel also turns inverted lines round, so 1 always means that the relay is on.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import Self

from hardware.keeper.relay import RelayError

# linux/gpio.h: struct gpiochip_info, gpio_v2_line_request and gpio_v2_line_values.
CHIP_INFO = struct.Struct("=32s32sI")
LINE_REQUEST = struct.Struct("=64I 32s Q I 20x IIQQ 216x II 20x i")
LINE_VALUES = struct.Struct("=QQ")
# _IOR(0xB4, 0x01, …), _IOWR(0xB4, 0x07, …) and _IOWR(0xB4, 0x0F, …).
GET_CHIP_INFO = 0x8044B401
GET_LINE = 0xC250B407
SET_VALUES = 0xC010B40F

FLAG_ACTIVE_LOW, FLAG_OUTPUT = 1 << 1, 1 << 3
FLAG_PULL_UP, FLAG_PULL_DOWN = 1 << 8, 1 << 9
ATTRIBUTE_VALUES = 2
# The header's chip on every Pi: pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1.
HEADER_LABEL = b"pinctrl-"
CONSUMER = b"doorstep-lock"


class LineRelay:
    """One line of the header's chip, driven to locked from the first moment on."""

    def __init__(self, pin: int, inverted: bool) -> None:
        self._pin, self._inverted, self._line = pin, inverted, -1

    def __enter__(self) -> Self:
        chip = _header_chip()
        try:
            self._line = _claim(chip, self._pin, inverted=self._inverted)
        except OSError as error:
            raise RelayError(_trouble(self._pin, error)) from error
        finally:
            os.close(chip)
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            self.set(False)
        finally:
            os.close(self._line)

    def set(self, on: bool) -> None:
        fcntl.ioctl(self._line, SET_VALUES, LINE_VALUES.pack(int(on), 1))


def line_request(pin: int, *, inverted: bool) -> bytes:
    """The request for one output that begins at 0, as bytes for GET_LINE.

    The pull points to locked as well: it stays when the line is given back.
    """
    flags = FLAG_OUTPUT | (FLAG_ACTIVE_LOW | FLAG_PULL_UP if inverted else FLAG_PULL_DOWN)
    offsets = (pin, *(0,) * 63)
    first_value = (ATTRIBUTE_VALUES, 0, 0, 1)
    return LINE_REQUEST.pack(*offsets, CONSUMER, flags, 1, *first_value, 1, 0, 0)


def _claim(chip: int, pin: int, *, inverted: bool) -> int:
    answer = fcntl.ioctl(chip, GET_LINE, line_request(pin, inverted=inverted))
    line: int = LINE_REQUEST.unpack(answer)[-1]
    return line


def _header_chip() -> int:
    """The opened chip of the 40-pin header: gpiochip0, on a Pi 5 with older kernels gpiochip4."""
    refused: OSError | None = None
    for name in sorted(os.listdir("/dev")):
        if not name.startswith("gpiochip"):
            continue
        try:
            chip = os.open(f"/dev/{name}", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            refused = error
            continue
        if _label(chip).startswith(HEADER_LABEL):
            return chip
        os.close(chip)
    if refused is not None:
        raise RelayError(
            f"The GPIO chip cannot be opened: {refused.strerror}. Put this user into group gpio."
        ) from refused
    raise RelayError("There is no GPIO chip with a Pi's header. Run on a Raspberry Pi.")


def _label(chip: int) -> bytes:
    try:
        answer = fcntl.ioctl(chip, GET_CHIP_INFO, bytes(CHIP_INFO.size))
    except OSError:
        return b""
    label: bytes = CHIP_INFO.unpack(answer)[1]
    return label


def _trouble(pin: int, error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return f"GPIO {pin} (lock) is held by another program. Stop it, or choose another pin."
    if error.errno == errno.EINVAL:
        return f"GPIO {pin} (lock) is not there. Choose a pin from 0 to 27."
    return f"GPIO {pin} (lock) cannot be driven: {error.strerror}."
