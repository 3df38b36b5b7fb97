from __future__ import annotations

from typing import Literal

from device.services.outbox import Outbox
from protocol.door import Moment
from protocol.link import Occurrence, VisitMoment, VisitOpened

What = Literal["rang", "light_on"]


def opened(visit: str, cause: Literal["motion", "press"] = "motion") -> VisitOpened:
    return VisitOpened(visit=visit, cause=cause, at_ms=1)


def moment(visit: str, what: What) -> VisitMoment:
    return VisitMoment(visit=visit, moment=Moment(at_ms=1, what=what))


def waiting(outbox: Outbox) -> list[Occurrence]:
    return [report.what for report in outbox.waiting]


def test_reports_are_numbered_and_wait_for_confirmation() -> None:
    outbox = Outbox()
    reports = [outbox.add(opened(f"visit-{n:04}")) for n in range(3)]
    assert [report.sequence for report in reports] == [1, 2, 3]
    outbox.confirm(outbox.epoch, 2)
    assert outbox.waiting == (reports[2],)


def test_another_epoch_confirms_nothing() -> None:
    outbox = Outbox()
    outbox.add(opened("visit-0001"))
    outbox.confirm("0123456789abcdef", 1)
    assert len(outbox.waiting) == 1


def test_a_full_outbox_gives_up_motion_before_rings() -> None:
    outbox = Outbox(limit=3)
    rang: list[Occurrence] = [opened("visit-rang", "press"), moment("visit-rang", "rang")]
    for what in (*rang, opened("visit-0001"), opened("visit-0002"), opened("visit-0003")):
        outbox.add(what)
    assert waiting(outbox) == [*rang, opened("visit-0003")]


def test_small_moments_go_before_rings() -> None:
    outbox = Outbox(limit=2)
    for what in (moment("visit-0001", "rang"), moment("visit-0001", "light_on"),
                 moment("visit-0002", "rang")):  # fmt: skip
        outbox.add(what)
    assert waiting(outbox) == [moment("visit-0001", "rang"), moment("visit-0002", "rang")]


async def test_emptied_waits_for_the_last_confirmation() -> None:
    outbox = Outbox()
    await outbox.emptied()
    outbox.add(opened("visit-0001"))
    outbox.confirm(outbox.epoch, 1)
    await outbox.emptied()
    assert outbox.waiting == ()
