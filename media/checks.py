"""ICE checks without waits: aioice notices what has happened up to half a second late.

Two places of RFC 8445 are put right. A pair that succeeds ends the checks at once, not at the next
tick of the pace. A check from the peer makes us send ours again (section 7.3.1.4): the first one
was lost wherever the peer's NAT or relay had not been opened yet, and aioice would sit out its
retransmission timer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aioice import stun
from aioice.ice import Connection, StunProtocol

from media.aiortc_version import require_known_versions

require_known_versions()

# The least time between two new checks (RFC 8445 section 14.2 asks for 50 ms on bad networks;
# this is aioice's own).
PACE_S = 0.02

Address = tuple[str, int]


class Checks:
    """Takes the place of a connection's `connect` and listens to its checks, until `close`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._connect = connection.connect
        self._heard = connection.check_incoming
        connection.connect = self.connect  # type: ignore[method-assign]
        connection.check_incoming = self.heard  # type: ignore[method-assign]

    def close(self) -> None:
        """Let go of the connection, so that both are free at once."""
        for name in ("connect", "check_incoming"):
            self._connection.__dict__.pop(name, None)

    def heard(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        """A check of the peer: the way is open, so what we had asked there is asked again."""
        for transaction in list(protocol.transactions.values()):
            under_way: Any = transaction
            if under_way._Transaction__addr == addr:
                protocol.send_stun(under_way._Transaction__request, addr)
        self._heard(message, addr, protocol)

    async def connect(self) -> None:
        """Check pairs until one is nominated. ConnectionError when none can be."""
        connection = self._connection
        if not (connection._local_candidates_end and connection.remote_password):
            raise ConnectionError("There is nothing to connect with yet.")
        self._begin()
        while connection._check_periodic():
            try:
                async with asyncio.timeout(PACE_S):
                    result = await connection._check_list_state.get()
            except TimeoutError:
                continue
            connection._check_list_state.put_nowait(result)
            break
        # Nothing is left to do but what follows: the rest of the checks ends, consent begins.
        await self._connect()

    def _begin(self) -> None:
        connection = self._connection
        for remote in connection._remote_candidates:
            connection._pair_remote_candidate(remote)
        connection.sort_check_list()
        connection._unfreeze_initial()
        for early in connection._early_checks:
            connection.check_incoming(*early)
        connection._early_checks.clear()
        connection._early_checks_done = True
