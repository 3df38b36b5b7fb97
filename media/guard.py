"""The guard at the media port: junk from the network neither ends nor slows a call.

aiortc looks at a datagram's first byte without asking whether it has one, and aioice hands
everything that is not STUN upwards, whoever sent it and however much waits already. The guard
stands at the socket and lets through only:

1. datagrams of a kind and length that the stack above can hold (RFC 7983);
2. DTLS and SRTP from addresses that have proved by STUN that they belong to the call;
3. STUN from strangers at a bounded rate, for a peer may turn up at an address never announced;
4. as much as fits a bounded queue.
"""

from __future__ import annotations

import logging
import struct
import time
from typing import Any

from aioice import ice, stun
from aiortc import RTCPeerConnection

from media.aiortc_version import require_known_versions

require_known_versions()

log = logging.getLogger(__name__)

# The shortest of each kind: STUN header (RFC 8489), DTLS record header (RFC 9147), SRTP header
# with the shortest authentication tag that aiortc agrees to (80 bits).
STUN_MIN_BYTES = 20
DTLS_MIN_BYTES = 13
SRTP_MIN_BYTES = 12 + 10

# The first byte of STUN is below 4, of DTLS from here to 63, of SRTP from 128 to 191 (RFC 7983).
DTLS_FIRST = 20

# A keyframe of 120 kB is about 100 datagrams; this many waiting means that nobody reads.
QUEUE_LIMIT_DATAGRAMS = 4096

# A peer at an unannounced address needs a handful of checks; ICE paces them 20 ms apart.
STRANGERS_PER_S = 50.0
STRANGERS_BURST = 100.0

# One peer has a few addresses; more that know the call's password are not believed.
KNOWN_LIMIT = 64

Address = tuple[str, int]


def guard(pc: RTCPeerConnection) -> None:
    """Guard the ports that this connection will open.

    Raises RuntimeError when it has begun to open them.
    """
    if pc.iceGatheringState != "new":
        raise RuntimeError("Guard a peer connection before it gathers candidates.")
    # aioice looks this name up whenever it opens a socket; there is no nearer place that sees
    # the sender's address.
    ice.StunProtocol = GuardedProtocol  # type: ignore[misc]


class GuardedProtocol(ice.StunProtocol):
    """aioice's socket handler, with a look at each datagram before it is believed."""

    def __init__(self, receiver: ice.Connection) -> None:
        super().__init__(receiver)
        self.dropped = 0
        self._known: set[Address] = set()
        self._strangers = _Bucket(STRANGERS_PER_S, STRANGERS_BURST)

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if not isinstance(data, bytes) or not self._admits(data, (addr[0], addr[1])):
            self.dropped += 1
        elif data[0] >= DTLS_FIRST:
            # aioice would try to read every packet of a call as STUN, and fail.
            self.receiver.data_received(data, self.local_candidate.component)
        else:
            self._stun_received(data, addr)

    def _stun_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        try:
            super().datagram_received(data, addr)
        except (KeyError, ValueError, struct.error) as error:
            self.dropped += 1
            log.debug("%s could not be understood: %s", addr, error)

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        # Only a request that carried the call's password is answered with a success.
        if message.message_class == stun.Class.RESPONSE and len(self._known) < KNOWN_LIMIT:
            self._known.add(addr)
        super().send_stun(message, addr)

    def _admits(self, data: bytes, addr: Address) -> bool:
        if not data or self.receiver._queue.qsize() >= QUEUE_LIMIT_DATAGRAMS:
            return False
        first, length = data[0], len(data)
        if first < 4:
            return length >= STUN_MIN_BYTES and self._admits_stun(data, addr)
        if DTLS_FIRST <= first < 64:
            return length >= DTLS_MIN_BYTES and self._belongs(addr)
        if 128 <= first < 192:
            return length >= SRTP_MIN_BYTES and self._belongs(addr)
        return False

    def _admits_stun(self, data: bytes, addr: Address) -> bool:
        if not self._belongs(addr) and not self._strangers.take(time.monotonic()):
            return False
        try:
            stun.parse_message(data)
        except (ValueError, struct.error):
            return False
        return True

    def _belongs(self, addr: Address) -> bool:
        if addr in self._known:
            return True
        if self._has_answered(addr) and len(self._known) < KNOWN_LIMIT:
            self._known.add(addr)
            return True
        return False

    def _has_answered(self, addr: Address) -> bool:
        """Whether a check of ours to this address succeeded (the peer may be ICE lite)."""
        return any(
            pair.protocol is self
            and pair.remote_addr == addr
            and pair.state == ice.CandidatePair.State.SUCCEEDED
            for pair in self.receiver._check_list
        )


class _Bucket:
    """Lets `burst` through at once and `per_s` in the long run."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._level = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        self._level = min(self._burst, self._level + (now - self._at) * self._per_s)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
