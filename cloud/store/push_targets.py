"""Where phones want to be told: the register behind `cloud.push.targets.PushTargets`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy import Executable, delete, select, union
from sqlalchemy.dialects.sqlite import insert as upsert

from cloud.push.targets import Recipient
from cloud.shared.problems import ProblemError
from cloud.store.database import Database
from cloud.store.roster import Roster
from cloud.store.tables import farewells, phones, push_targets
from protocol.api import FcmTarget, PushSubscription, PushTarget

_TARGET: TypeAdapter[PushTarget] = TypeAdapter(PushTarget)
# A phone has one browser that is installed, and perhaps a second one.
_TARGETS_PER_PHONE = 8


class PushRegister:
    """Subscriptions by phone. An address belongs to the phone that registered it last.

    All are kept in memory once they were read: a ring must not wait for the disk.
    """

    def __init__(self, database: Database, roster: Roster) -> None:
        self._database = database
        self._roster = roster
        self._known: list[Recipient] | None = None
        self._changes = 0

    async def add(self, phone: str, subscription: PushSubscription) -> None:
        """Register where `phone` wants to be told; the same address again is updated."""
        address = address_of(subscription.target)
        others = [r for r in await self.for_phone(phone) if r.id != address]
        if len(others) >= _TARGETS_PER_PHONE:
            detail = "This phone has too many subscriptions. Turn notifications off and on again."
            raise ProblemError(409, "Too many subscriptions", detail)
        row = {
            "phone": phone,
            "target": subscription.target.model_dump(mode="json"),
            "language": subscription.language,
        }
        await self._change(
            upsert(push_targets)
            .values(address=address, **row)
            .on_conflict_do_update(index_elements=["address"], set_=row)
        )

    async def forget(self, phone: str, target: PushTarget | None = None) -> None:
        """Remove one target of a phone, or all of them."""
        chosen = delete(push_targets).where(push_targets.c.phone == phone)
        if target is not None:
            chosen = chosen.where(push_targets.c.address == address_of(target))
        await self._change(chosen)

    async def for_doorbell(self, doorbell: str) -> Sequence[Recipient]:
        """All phones that may view this doorbell."""
        viewers = [p.id for p in self._roster.phones_of(doorbell) if "view" in p.rights]
        return [each for each in await self._all() if each.phone in viewers]

    async def for_phone(self, phone: str) -> Sequence[Recipient]:
        return [each for each in await self._all() if each.phone == phone]

    async def remove(self, recipient: Recipient) -> None:
        """Forget a subscription that its push service does not know any more."""
        await self._change(delete(push_targets).where(push_targets.c.address == recipient.id))

    async def forget_strangers(self) -> None:
        """Remove the targets of all who are paired with no doorbell, and not to be told so."""
        told = union(select(phones.c.id), select(farewells.c.phone))
        await self._change(delete(push_targets).where(push_targets.c.phone.not_in(told)))

    async def _change(self, statement: Executable) -> None:
        async with self._database.write() as writing:
            changed = await writing.execute(statement)
        if changed.rowcount != 0:
            self._changes += 1
            self._known = None

    async def _all(self) -> list[Recipient]:
        if self._known is not None:
            return self._known
        changes = self._changes
        async with self._database.read() as reading:
            rows = (await reading.execute(select(push_targets))).all()
        found = [
            Recipient(
                row.address,
                row.phone,
                PushSubscription(target=_TARGET.validate_python(row.target), language=row.language),
            )
            for row in rows
        ]
        if changes == self._changes:
            self._known = found
        return found


def address_of(target: PushTarget) -> str:
    """What makes a target the same as another."""
    if isinstance(target, FcmTarget):
        return f"fcm:{target.kind}:{target.value}"
    return target.endpoint
