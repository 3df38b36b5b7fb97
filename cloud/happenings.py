"""What happens at a door goes to open pages at once, and to phones in pockets by push."""

from __future__ import annotations

from cloud.push.compose import Change, Notice
from cloud.push.notifier import Notifier
from cloud.shared.metrics import Metrics
from cloud.store.roster import Roster
from cloud.web.hub import EventHub
from protocol.api import DoorbellEvent, VisitEvent
from protocol.door import Visit


class Happenings:
    """Tells everyone; never waits for anyone."""

    def __init__(self, hub: EventHub, notifier: Notifier, roster: Roster, metrics: Metrics) -> None:
        self._hub = hub
        self._notifier = notifier
        self._roster = roster
        self._metrics = metrics

    def tell(self, event: VisitEvent | DoorbellEvent) -> None:
        """Open pages first: they are the fastest, and cost nothing."""
        self._hub.publish(event)
        if not isinstance(event, VisitEvent):
            return
        if event.change == "opened":
            self._metrics.visits.labels(event.visit.cause).inc()
        if change := _push_for(event):
            self._notifier.notify(self._notice(change, event.visit))

    def _notice(self, change: Change, visit: Visit) -> Notice:
        known = self._roster.doorbell(visit.doorbell)
        name = known.name if known else ""
        phone = self._phone_named(visit) if change == "answered" else None
        return Notice(change=change, visit=visit, doorbell_name=name, phone=phone)

    def _phone_named(self, visit: Visit) -> str | None:
        """Who answered, when the name is that of one phone only."""
        phones = self._roster.phones_of(visit.doorbell)
        named = [phone.id for phone in phones if phone.name == visit.answered_by]
        return named[0] if len(named) == 1 else None


def _push_for(event: VisitEvent) -> Change | None:
    """What phones are told; motion alone and pictures of visits without a ring are not."""
    visit = event.visit
    if event.change == "rang":
        return "rang"
    if event.change == "answered":
        return "answered"
    if event.change == "snapshot" and visit.rang_ms is not None and visit.outcome is None:
        return "picture"
    if event.change == "closed" and visit.outcome == "missed":
        return "missed"
    return None
