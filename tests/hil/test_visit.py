"""One whole visit on the units as shipped: press, ring, call, unlock, and the clip of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from protocol.api import VisitPage
from protocol.control import Unlocked
from protocol.door import Visit
from scripts.phone import Phone
from tests.hil.conftest import Absent
from tests.support.clip_reading import read_clip
from tests.support.hil_bench import Bench
from tests.support.hil_drivers import camera_driver
from tests.support.hil_house import House, house, said, units_are_here, until
from tests.support.hil_settings import settings_here
from tests.support.visiting_phone import VisitingPhone, calling

Note = Callable[[str, object], None]

# By then the pre-roll is full, so that the clip can begin long before the press.
PRE_ROLL_FILLS_S = 11.0
LEAST_PRE_ROLL_S = 5.0
SEEN_PICTURES = 20
PATIENCE_S = 90.0
# A processor of the emulated kind takes a second for what a Pi does in 20 ms.
RING_WITHIN_MS = 2000.0
NETEM = "netem, 40 ms and 2 % loss"


@pytest.fixture
def running(absent: Absent, bench: Bench) -> Iterator[House]:
    """The units, started; the button is not pressed."""
    if not units_are_here():
        absent("units", "The packages doorstep and doorstep-server are not installed here.")
    pins = settings_here().pins
    bench.drive(pins.button, True)
    bench.drive(pins.motion, False)
    with house() as here:
        yield here


@pytest.fixture
def bad_network(running: House, absent: Absent) -> Iterator[None]:
    """The loopback loses some of what it carries, and is late with the rest."""
    try:
        said("tc", "qdisc", "add", "dev", "lo", "root", "netem",
             "delay", "40ms", "5ms", "loss", "2%")  # fmt: skip
    except (OSError, RuntimeError):
        absent("netem", "This kernel has no sch_netem, with which networks are spoilt.")
    yield
    said("tc", "qdisc", "del", "dev", "lo", "root")


@pytest.fixture
async def anna(running: House) -> AsyncIterator[Phone]:
    """A paired phone."""
    async with await Phone.paired(running.pairing_link(), "Anna") as phone:
        yield phone


async def test_a_visit_from_press_to_clip(anna: Phone, bench: Bench, record_property: Note) -> None:
    record_property("driver", f"units as shipped, {camera_driver()}")
    await asyncio.sleep(PRE_ROLL_FILLS_S)
    visit = await rung(anna, bench)
    async with calling(anna, answers=visit.id) as call:
        await call.sees(SEEN_PICTURES)
        await unlocked(call, bench)
    closed = await visit_that(anna, lambda visit: visit.clip is not None)
    assert closed.answered_by == "Anna"
    assert {"rang", "answered", "unlocked"} <= {moment.what for moment in closed.moments}
    await check_clip(anna, closed, record_property)


@pytest.mark.usefixtures("bad_network")
async def test_a_call_over_a_bad_network(anna: Phone, bench: Bench, record_property: Note) -> None:
    record_property("driver", f"{NETEM} on the loopback")
    visit = await rung(anna, bench)
    async with calling(anna, answers=visit.id) as call:
        await call.sees(SEEN_PICTURES)
        await unlocked(call, bench)


async def rung(phone: Phone, bench: Bench) -> Visit:
    """Press the button until the phone hears of it; the visit."""
    button = settings_here().pins.button
    pressed_ms = time.time() * 1000
    bench.drive(button, False)
    visit = await visit_that(
        phone, lambda visit: visit.rang_ms is not None and visit.closed_ms is None
    )
    bench.drive(button, True)
    assert visit.cause == "press"
    assert abs((visit.rang_ms or 0) - pressed_ms) < RING_WITHIN_MS
    return visit


async def unlocked(call: VisitingPhone, bench: Bench) -> None:
    """Open the door from the call, and see the relay itself close and drop."""
    lock = settings_here().pins.lock
    assert not bench.level(lock)
    async with asyncio.TaskGroup() as group:
        opening = group.create_task(call.unlock())
        await asyncio.to_thread(until, "Unlocking", lambda: bench.level(lock))
    assert isinstance(opening.result(), Unlocked)
    await asyncio.to_thread(until, "Locking", lambda: not bench.level(lock))


async def check_clip(phone: Phone, visit: Visit, record_property: Note) -> None:
    """The clip begins before the press, and every picture of it can be decoded."""
    answer = await phone.request("GET", f"/api/v1/visits/{visit.id}/clip.mp4")
    assert answer.status == 200
    clip = read_clip(answer.body)
    assert visit.clip is not None
    before_s = ((visit.rang_ms or 0) - visit.clip.starts_ms) / 1000
    assert before_s >= LEAST_PRE_ROLL_S
    assert clip.decoded == len(clip.pictures)
    assert clip.sounds
    record_property("figure", f"{clip.seconds:.1f} s of {clip.width}x{clip.height}")


async def visit_that(phone: Phone, holds: Callable[[Visit], bool]) -> Visit:
    """The newest visit once it is so; TimeoutError when that does not come."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await phone.request("GET", "/api/v1/visits")
            assert answer.status == 200, answer.body
            page = VisitPage.model_validate_json(answer.body)
            if page.items and holds(page.items[0]):
                return page.items[0]
            await asyncio.sleep(0.2)
