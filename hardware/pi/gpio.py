"""gpiozero's pin factory for a real Pi: lgpio, the one that works on every model."""

from __future__ import annotations

from typing import Any

from hardware.errors import HardwareError, MissingError


def open_factory() -> Any:
    """LGPIOFactory of this machine. MissingError when lgpio or the GPIO chip is not there."""
    try:
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise MissingError(
            "The GPIO driver is not installed. Install it with: sudo apt install python3-lgpio"
        ) from error
    try:
        return LGPIOFactory()
    except Exception as error:
        # lgpio raises a class of its own that it makes up at run time, beside OSError.
        _translate(error)
        raise


def _translate(error: Exception) -> None:
    if type(error).__module__.partition(".")[0] in ("lgpio", "gpiozero", "builtins"):
        raise HardwareError(
            f"This machine's GPIO pins cannot be opened: {error}. "
            "Run on a Raspberry Pi, as a member of the group gpio, with LG_WD set to a folder "
            "that may be written to."
        ) from error
