"""Takes over what a doorbell says about its household: who may, and who may no more.

The doorbell alone decides. Whoever is missing has lost everything before the disk is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cloud.store.roster import Roster, Turnover
from protocol.errors import RemoteProtocolError
from protocol.identity import PublicKey
from protocol.link import Members

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """`on_change` hears at once who left or changed, `on_kept` when it is on the disk."""

    roster: Roster
    on_change: Callable[[str, Turnover], None]
    on_kept: Callable[[], Awaitable[None]]

    async def take(self, doorbell: str, members: Members) -> None:
        """Replace the doorbell's members. Raises DatabaseError when that cannot be kept."""
        turnover = self.roster.exchange(doorbell, members)
        for phone in turnover.left:
            log.info("phone %s is no longer paired with doorbell %s", phone, doorbell)
        self.on_change(doorbell, turnover)
        await self.roster.keep(doorbell, members)
        await self.on_kept()


def check_members(members: Members) -> None:
    """RemoteProtocolError when an id is not its key's, or stands twice."""
    for known in members.phones:
        if PublicKey.parse(known.public_key).id != known.phone.id:
            raise RemoteProtocolError("members: an id is not its key's.")
    for ids in ([k.phone.id for k in members.phones], [token.id for token in members.tokens]):
        if len(set(ids)) < len(ids):
            raise RemoteProtocolError("members: an id stands twice.")
