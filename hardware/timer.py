"""A timer that does not need the event loop: a lock must close even when the loop hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

Cancel: TypeAlias = Callable[[], None]
StartTimer: TypeAlias = Callable[[float, Callable[[], None]], Cancel]


def start_thread_timer(seconds: float, act: Callable[[], None]) -> Cancel:
    """Call `act` on a thread of its own after `seconds`, unless cancelled before."""
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer.cancel
