"""In place of lgpio where the kernel has no GPIO: pins are folders, named as gpio-sim names them.

`sim_gpio17/pull` says `pull-up` or `pull-down` and is written by whoever plays the world;
`sim_gpio22/value` says 0 or 1 and shows what an output does. gpiozero runs on it unchanged. What
it cannot show: anything that the kernel or lgpio's own code does.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(os.environ.get("DOORSTEP_VIRTUAL_PINS", "/run/virtual-pins"))
# Much shorter than any bounce time.
LOOK_EVERY_S = 0.004

RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
SET_BIAS_PULL_UP, SET_BIAS_PULL_DOWN, SET_BIAS_DISABLE = 1 << 5, 1 << 6, 1 << 7
SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = SET_BIAS_DISABLE, SET_BIAS_PULL_UP, SET_BIAS_PULL_DOWN
_OUTPUT = 1 << 1

Changed = Callable[[int, int, int, int], None]


class error(Exception):  # noqa: N801, N818 - lgpio's name
    """What lgpio raises."""


@dataclass(slots=True)
class _Line:
    """One pin that this process holds."""

    number: int
    mode: int
    held: int
    """The open file by which other handles are kept off, as the kernel would."""
    value: int = 0
    debounce_us: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


_handles = itertools.count()
_lines: dict[tuple[int, int], _Line] = {}


def gpiochip_open(_chip: int) -> int:
    if not FOLDER.is_dir():
        raise error("can not open gpiochip")
    return next(_handles)


def gpiochip_close(handle: int) -> int:
    for one, number in list(_lines):
        if one == handle:
            gpio_free(handle, number)
    return 0


def gpio_claim_input(handle: int, number: int, flags: int = 0) -> int:
    line = _claimed(handle, number)
    line.stop.set()
    line.mode = flags & ~_OUTPUT
    return 0


def gpio_claim_output(handle: int, number: int, level: int = 0, flags: int = 0) -> int:
    line = _claimed(handle, number)
    line.mode = flags | _OUTPUT
    return gpio_write(handle, number, level)


def gpio_claim_alert(handle: int, number: int, _edges: int, flags: int = 0) -> int:
    return gpio_claim_input(handle, number, flags)


def gpio_free(handle: int, number: int) -> int:
    if line := _lines.pop((handle, number), None):
        line.stop.set()
        os.close(line.held)
    return 0


def gpio_get_mode(handle: int, number: int) -> int:
    return _claimed(handle, number).mode


def gpio_read(handle: int, number: int) -> int:
    line = _claimed(handle, number)
    return line.value if line.mode & _OUTPUT else _level(line)


def gpio_write(handle: int, number: int, level: int) -> int:
    line = _claimed(handle, number)
    line.value = int(bool(level))
    (_folder(number) / "value").write_text(str(line.value), "ascii")
    return 0


def gpio_set_debounce_micros(handle: int, number: int, micros: int) -> int:
    _claimed(handle, number).debounce_us = micros
    return 0


def tx_pwm(handle: int, number: int, frequency: float, duty: float) -> int:
    """Shows the duty cycle's half; there is no wave."""
    return gpio_write(handle, number, int(bool(frequency) and duty >= 50))


class callback:  # noqa: N801 - lgpio's name
    """Calls `changed(chip, pin, level, ns)` at every debounced edge until it is cancelled."""

    def __init__(self, handle: int, number: int, _edges: int, changed: Changed) -> None:
        self._line, self._changed = _claimed(handle, number), changed
        self._line.stop = self._stop = threading.Event()
        threading.Thread(target=self._watch, args=(_level(self._line),), daemon=True).start()

    def cancel(self) -> None:
        self._stop.set()

    def _watch(self, known: int) -> None:
        since_ns = 0
        while not self._stop.wait(LOOK_EVERY_S):
            level, now_ns = _level(self._line), time.monotonic_ns()
            if level == known:
                since_ns = 0
                continue
            since_ns = since_ns or now_ns
            if now_ns - since_ns >= self._line.debounce_us * 1000:
                known, since_ns = level, 0
                self._changed(0, self._line.number, level, now_ns)


def _folder(number: int) -> Path:
    return FOLDER / f"sim_gpio{number}"


def _claimed(handle: int, number: int) -> _Line:
    """The line, held against other processes as the kernel would."""
    if line := _lines.get((handle, number)):
        return line
    try:
        held = os.open(_folder(number) / "value", os.O_RDWR | os.O_CLOEXEC)
    except OSError as missing:
        raise error("bad GPIO number") from missing
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        os.close(held)
        raise error("GPIO busy") from busy
    return _lines.setdefault((handle, number), _Line(number, 0, held))


def _level(line: _Line) -> int:
    """What the world does to the pin."""
    pull = (_folder(line.number) / "pull").read_text("ascii")
    # Whoever writes the file empties it for a moment.
    return int(pull.strip() == "pull-up") if pull else line.value
