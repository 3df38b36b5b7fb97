"""Opus to sound, with libopus's own concealment of what was lost.

FFmpeg's wrapper has no way to ask for it, so libopus is called directly: the copy that PyAV
brings, or the system's. Without either, PyAV decodes and the last sound is repeated, fading.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import weakref
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext

from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ
from media.patching import fading_repeat

log = logging.getLogger(__name__)

Samples = npt.NDArray[np.int16]

# RFC 6716 section 3.2.5: a packet is 120 ms long at most.
LONGEST_SAMPLES = SOUND_RATE_HZ * 120 // 1000


class OpusDecoder(Protocol):
    """48 kHz mono. One for each voice: it remembers what went before."""

    def decode(self, data: bytes) -> Samples:
        """The sound of a packet; concealed when the packet is damaged."""

    def recover(self, following: bytes) -> Samples:
        """The 20 ms before `following`, from its in-band error correction if it has any."""

    def conceal(self) -> Samples:
        """20 ms that go on from what was heard last, quieter each time."""


def open_decoder() -> OpusDecoder:
    """The best decoder that this machine has."""
    library = _library()
    return FallbackDecoder() if library is None else LibopusDecoder(library)


class LibopusDecoder:
    """libopus itself. About 0.05 ms of a core per packet."""

    def __init__(self, library: ctypes.CDLL) -> None:
        error = ctypes.c_int()
        self._state = library.opus_decoder_create(SOUND_RATE_HZ, 1, ctypes.byref(error))
        if error.value:
            raise RuntimeError(f"libopus gave error {error.value}.")
        self._decode: Any = library.opus_decode
        self._sound: Samples = np.zeros(LONGEST_SAMPLES, np.int16)
        self._place = self._sound.ctypes.data
        weakref.finalize(self, library.opus_decoder_destroy, self._state)

    def decode(self, data: bytes) -> Samples:
        """The sound of a packet; concealed when the packet is damaged."""
        count = self._decode(self._state, data, len(data), self._place, LONGEST_SAMPLES, 0)
        return self._taken(count) if count > 0 else self.conceal()

    def recover(self, following: bytes) -> Samples:
        """The 20 ms before `following`, from its in-band error correction if it has any."""
        count = self._decode(
            self._state, following, len(following), self._place, SOUND_FRAME_SAMPLES, 1
        )
        return self._taken(count) if count > 0 else self.conceal()

    def conceal(self) -> Samples:
        """20 ms that go on from what was heard last, quieter each time."""
        return self._taken(self._decode(self._state, None, 0, self._place, SOUND_FRAME_SAMPLES, 0))

    def _taken(self, count: int) -> Samples:
        if count <= 0:
            return np.zeros(SOUND_FRAME_SAMPLES, np.int16)
        return self._sound[:count].copy()


class FallbackDecoder:
    """PyAV's decoder; what is lost is patched with what was heard last."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        if not isinstance(codec, AudioCodecContext):
            raise TypeError("libopus is not an audio codec in this PyAV.")
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", SOUND_RATE_HZ
        self._codec = codec
        self._last = np.zeros(SOUND_FRAME_SAMPLES, np.int16)
        self._concealed = 0

    def decode(self, data: bytes) -> Samples:
        """The sound of a packet; concealed when the packet is damaged."""
        try:
            frames = self._codec.decode(av.Packet(data)) if data else []
        except av.FFmpegError as error:
            log.debug("a damaged packet: %s", error)
            frames = []
        if not frames:
            return self.conceal()
        sound = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
        self._last, self._concealed = sound[-SOUND_FRAME_SAMPLES:].astype(np.int16), 0
        return sound.astype(np.int16)

    def recover(self, following: bytes) -> Samples:
        """As `conceal`: PyAV cannot reach the error correction."""
        return self.conceal()

    def conceal(self) -> Samples:
        """20 ms that go on from what was heard last, quieter each time."""
        sound = fading_repeat(self._last, self._concealed)
        self._concealed += 1
        return sound


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    brought = sorted((Path(av.__file__).parents[1] / "av.libs").glob("libopus*.so*"))
    for name in (*map(str, brought), ctypes.util.find_library("opus")):
        if name is None:
            continue
        try:
            return _declared(ctypes.CDLL(name))
        except (OSError, AttributeError) as error:
            log.debug("%s is of no use: %s", name, error)
    log.info("libopus cannot be called; lost sound is patched more coarsely")
    return None


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    library.opus_decoder_create.argtypes = [number, ctypes.c_int, pointer]
    library.opus_decoder_create.restype = pointer
    library.opus_decode.argtypes = [
        pointer, ctypes.c_char_p, number, pointer, ctypes.c_int, ctypes.c_int,
    ]  # fmt: skip
    library.opus_decode.restype = ctypes.c_int
    library.opus_decoder_destroy.argtypes = [pointer]
    library.opus_decoder_destroy.restype = None
    return library
