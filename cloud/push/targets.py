"""Where phones want to be told, as the server's register keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from protocol.api import PushSubscription

# sent: handed to the push service; gone: the target will never work again; failed: not this time.
Result = Literal["sent", "gone", "failed"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One subscription; `id` is the register's own name for it."""

    id: str
    phone: str
    subscription: PushSubscription


class PushTargets(Protocol):
    """The register of subscriptions."""

    async def for_doorbell(self, doorbell: str) -> Sequence[Recipient]:
        """All phones that may view this doorbell."""

    async def for_phone(self, phone: str) -> Sequence[Recipient]:
        """The subscriptions of one phone."""

    async def remove(self, recipient: Recipient) -> None:
        """Forget a subscription that its push service does not know any more."""
