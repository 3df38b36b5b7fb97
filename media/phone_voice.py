"""What one phone says: packets in as they come, 20 ms out whenever the speaker wants them.

The delay follows the jitter of the arrivals. Voices are made a period longer or shorter to get
there; what is lost is recovered from the packet behind it, or concealed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from media.arrivals import Arrivals
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ
from media.loudness import Loudness, peak
from media.opus_decoder import OpusDecoder, Samples, open_decoder
from media.patching import lengthened, period_of, shortened

# A delay this near to the wanted one is left alone.
SLACK_S = 0.012
# Beyond this the delay is worse than a change that might be heard.
URGENT_S = 0.1
# Periods this alike are exchanged without a trace; below this peak nobody hears anything.
ALIKE = 0.7
QUIET_PEAK = 200
# Changed at most every third frame, so that a voice stays natural.
REST_FRAMES = 3
# 100 ms without anything: the phone has stopped, or its network.
CONCEALED_LIMIT_FRAMES = 5
# Half a second that piled up behind a hole in the network is of no use to a conversation.
WAITING_LIMIT_PACKETS = 25
# A time stamp this far from the last one is from another start of the sender (RFC 3550 5.1).
JUMP_TICKS = 10 * SOUND_RATE_HZ
# The mixer looks every 20 ms: to wait for the next look would add half of that on average.
EARLY_S = 0.005


@dataclass(frozen=True, slots=True)
class VoicePacket:
    """One Opus packet and the RTP time stamp that it came with."""

    timestamp: int
    payload: bytes


class PhoneVoice:
    """A voice for the mixer. `news()` at each packet, `changed()` when `talking` changes."""

    def __init__(
        self,
        news: Callable[[], None],
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        decoder: OpusDecoder | None = None,
    ) -> None:
        self._news, self._clock = news, clock
        self._decoder = decoder or open_decoder()
        self._arrivals = Arrivals()
        self._loudness = Loudness(changed)
        self._packets: dict[int, bytes] = {}
        self._newest: int | None = None
        self._next = 0
        self._sound: Samples = np.zeros(0, np.int16)
        self._playing = False
        self._ahead = 0
        self._concealed = 0
        self._rested = 0
        self.lost = 0
        self.late = 0

    @property
    def talking(self) -> bool:
        """Whether somebody speaks now."""
        return self._loudness.talking

    @property
    def delay_s(self) -> float:
        """How long sound waits here for its late companions."""
        return self._arrivals.delay_s

    @property
    def ready(self) -> bool:
        """Whether 20 ms can be had now."""
        return self._playing or self._may_start()

    def take(self, packet: VoicePacket) -> None:
        """A packet has arrived, in any order."""
        ticks = self._unwrapped(packet.timestamp)
        if self._newest is not None and abs(ticks - self._newest) > JUMP_TICKS:
            self._restart()
            ticks = packet.timestamp
        self._newest = ticks if self._newest is None else max(self._newest, ticks)
        self._arrivals.note(ticks / SOUND_RATE_HZ, self._clock())
        if self._playing and ticks < self._next:
            self.late += 1
        elif packet.payload:
            self._packets[ticks] = packet.payload
            self._thin_out()
        self._news()

    def pull(self) -> Samples | None:
        """The next 20 ms, or None while the phone says nothing."""
        if not self._playing and not self._start():
            return None
        while self._playing and len(self._sound) < SOUND_FRAME_SAMPLES:
            self._sound = np.concatenate((self._sound, self._more()))
        if not self._playing:
            self._loudness.silence()
            return None
        piece, self._sound = np.split(self._sound, [SOUND_FRAME_SAMPLES])
        self._loudness.note(piece)
        return piece

    def _start(self) -> bool:
        if not self._may_start():
            return False
        self._next = min(self._packets)
        self._playing, self._ahead, self._concealed = True, 0, 0
        return True

    def _may_start(self) -> bool:
        return bool(self._packets) and self._behind_s(min(self._packets)) >= -EARLY_S

    def _behind_s(self, ticks: int) -> float:
        """How much later than wanted a sample of this time would be played now."""
        return self._clock() - ticks / SOUND_RATE_HZ - self._arrivals.wanted_s

    def _more(self) -> Samples:
        payload = self._packets.pop(self._next, None)
        if payload is not None:
            behind_s = self._behind_s(self._next - len(self._sound))
            sound = self._decoder.decode(payload)
            self._next += len(sound)
            self._ahead = self._concealed = 0
            return self._hurried(sound, behind_s)
        return self._bridged() if self._packets else self._prolonged()

    def _bridged(self) -> Samples:
        """A packet is missing before one that is there."""
        following = min(self._packets)
        skipped = min(following - self._next, self._ahead)
        hole = following - self._next - skipped
        self._ahead -= skipped
        self.lost += skipped // SOUND_FRAME_SAMPLES
        if hole <= 0 or hole > CONCEALED_LIMIT_FRAMES * SOUND_FRAME_SAMPLES:
            self._next = following
            return np.zeros(0, np.int16)
        self.lost += 1
        if hole <= SOUND_FRAME_SAMPLES:
            self._next = following
            return self._decoder.recover(self._packets[following])[-hole:]
        self._next += skipped + SOUND_FRAME_SAMPLES
        return self._decoder.conceal()

    def _prolonged(self) -> Samples:
        """Nothing is there: what comes may be late or lost, so time stands still here."""
        self._concealed += 1
        if self._concealed > CONCEALED_LIMIT_FRAMES:
            self._playing = False
            self._sound = np.zeros(0, np.int16)
            return self._sound
        self._ahead += SOUND_FRAME_SAMPLES
        return self._decoder.conceal()

    def _hurried(self, sound: Samples, behind_s: float) -> Samples:
        """A little shorter or longer, when the delay is not what it should be."""
        self._rested += 1
        if abs(behind_s) < SLACK_S or len(sound) < SOUND_FRAME_SAMPLES:
            return sound
        urgent = behind_s > URGENT_S
        if self._rested < REST_FRAMES and not urgent and peak(sound) > QUIET_PEAK:
            return sound
        period, alike = period_of(sound)
        if alike < ALIKE and not urgent and peak(sound) > QUIET_PEAK:
            return sound
        self._rested = 0
        return shortened(sound, period) if behind_s > 0 else lengthened(sound, period)

    def _thin_out(self) -> None:
        while len(self._packets) > WAITING_LIMIT_PACKETS:
            oldest = min(self._packets)
            del self._packets[oldest]
            self._next = max(self._next, min(self._packets))

    def _unwrapped(self, timestamp: int) -> int:
        if self._newest is None:
            return timestamp
        return self._newest + ((timestamp - self._newest + 2**31) & 0xFFFF_FFFF) - 2**31

    def _restart(self) -> None:
        self._packets.clear()
        self._arrivals.restart()
        self._newest, self._playing = None, False
        self._sound = np.zeros(0, np.int16)
