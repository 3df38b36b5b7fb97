"""Keeps what ALSA and JACK print while PortAudio looks for cards out of the journal.

PortAudio tries every name in ALSA's configuration and then JACK; each that is not there prints
several lines, a hundred at every start. Turning stderr away meanwhile would also swallow lines of
our own, from other threads, for as long as that takes; so the libraries are told to be silent.
"""

from __future__ import annotations

import ctypes
from functools import cache

# Who prints, and what it lets be called instead of printing.
TALKERS = (
    ("libasound.so.2", "snd_lib_error_set_handler"),
    ("libjack.so.0", "jack_set_error_function"),
    ("libjack.so.0", "jack_set_info_function"),
)


@cache
def hush() -> None:
    """Silence them for the rest of the process; a library that is not there has nothing to say."""
    # Something of C's own that does nothing, whatever it is given. A function of Python's would
    # need memory that is writable and executable, which the service's unit forbids.
    nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    for library, setter in TALKERS:
        try:
            getattr(ctypes.CDLL(library), setter)(nothing)
        except (OSError, AttributeError):
            continue
