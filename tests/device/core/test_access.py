"""When rights hold: by example at the edges, and against a slow and simple reckoning."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.core.access import NO_TIME, LocalTime, as_it_is, is_lasting_admin, rights_at
from protocol.door import ALL_RIGHTS, Phone, Right, Window

MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6
DAY_MINUTES = 24 * 60
# A Monday, 2027-03-01 00:00 UTC.
MONDAY_MS = 1_803_859_200_000


def phone(*windows: Window, until_ms: int | None = None) -> Phone:
    return Phone(id="a" * 26, name="Cleaner", rights=("view", "unlock"), windows=windows,
                 until_ms=until_ms)  # fmt: skip


def at(weekday: int, hour: int, minute: int = 0, *, trusted: bool = True) -> LocalTime:
    minutes = hour * 60 + minute
    epoch_ms = MONDAY_MS + (weekday * DAY_MINUTES + minutes) * 60_000
    return LocalTime(epoch_ms, weekday, minutes, trusted)


def holds(phone: Phone, now: LocalTime) -> bool:
    rights = rights_at(phone, now)
    assert rights in ((), phone.rights)
    return rights != ()


MORNING = Window(days=(MONDAY,), start=8 * 60, end=10 * 60)
NIGHT = Window(days=(SUNDAY,), start=22 * 60, end=6 * 60)
WHOLE_DAY = Window(days=(TUESDAY,), start=0, end=0)


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        (MORNING, at(MONDAY, 7, 59), False),
        (MORNING, at(MONDAY, 8), True),
        (MORNING, at(MONDAY, 9, 59), True),
        (MORNING, at(MONDAY, 10), False),
        (MORNING, at(TUESDAY, 9), False),
        (NIGHT, at(SUNDAY, 21, 59), False),
        (NIGHT, at(SUNDAY, 22), True),
        (NIGHT, at(SUNDAY, 5), False),
        (NIGHT, at(MONDAY, 0), True),
        (NIGHT, at(MONDAY, 5, 59), True),
        (NIGHT, at(MONDAY, 6), False),
        (NIGHT, at(SATURDAY, 23), False),
        (WHOLE_DAY, at(MONDAY, 23, 59), False),
        (WHOLE_DAY, at(TUESDAY, 0), True),
        (WHOLE_DAY, at(TUESDAY, 23, 59), True),
        (WHOLE_DAY, at(2, 0), False),
    ],
)
def test_a_window_has_a_first_minute_and_ends_before_its_last(
    window: Window, now: LocalTime, expected: bool
) -> None:
    assert holds(phone(window), now) is expected


def test_rights_end_at_their_end() -> None:
    end = at(MONDAY, 12)
    assert holds(phone(until_ms=end.epoch_ms), replace(end, epoch_ms=end.epoch_ms - 1))
    assert not holds(phone(until_ms=end.epoch_ms), end)


def test_an_end_also_ends_windows() -> None:
    guest = phone(MORNING, until_ms=at(MONDAY, 9).epoch_ms)
    assert holds(guest, at(MONDAY, 8, 30))
    assert not holds(guest, at(MONDAY, 9, 30))


def test_only_an_unlimited_admin_lasts() -> None:
    admin = phone().model_copy(update={"rights": ALL_RIGHTS})
    assert is_lasting_admin(admin)
    assert not is_lasting_admin(phone())
    assert not is_lasting_admin(admin.model_copy(update={"until_ms": 10**13}))
    assert not is_lasting_admin(admin.model_copy(update={"windows": (WHOLE_DAY,)}))


def test_no_time_is_no_time_for_limited_rights() -> None:
    assert not holds(phone(until_ms=10**13), NO_TIME)
    assert holds(phone(), NO_TIME)


rights = st.sets(st.sampled_from(ALL_RIGHTS)).map(
    lambda chosen: tuple(right for right in ALL_RIGHTS if right in chosen)
)
minutes = st.integers(0, DAY_MINUTES - 1)
windows = st.builds(
    Window,
    days=st.sets(st.integers(0, 6), min_size=1).map(tuple),
    start=minutes,
    end=minutes,
)
times = st.builds(LocalTime, st.integers(0, 10**13), st.integers(0, 6), minutes, st.booleans())
phones = st.builds(
    Phone,
    id=st.just("a" * 26),
    name=st.just("Anna"),
    rights=rights,
    until_ms=st.none() | st.integers(0, 10**13),
    windows=st.lists(windows, max_size=4).map(tuple),
)


def minutes_of(window: Window) -> set[int]:
    """All minutes of the week that a window covers, counted one by one."""
    length = (window.end - window.start) % DAY_MINUTES or DAY_MINUTES
    return {
        (day * DAY_MINUTES + window.start + passed) % (7 * DAY_MINUTES)
        for day in window.days
        for passed in range(length)
    }


@given(phones, times)
def test_rights_are_those_of_a_simple_reckoning(phone: Phone, now: LocalTime) -> None:
    limited = phone.until_ms is not None or phone.windows != ()
    in_time = phone.until_ms is None or now.epoch_ms < phone.until_ms
    minute = now.weekday * DAY_MINUTES + now.minute
    in_window = not phone.windows or any(minute in minutes_of(w) for w in phone.windows)
    expected: tuple[Right, ...] = phone.rights
    if limited and not (now.trusted and in_time and in_window):
        expected = ()
    assert rights_at(phone, now) == expected


@given(phones, times)
def test_time_never_gives_more_than_was_given(phone: Phone, now: LocalTime) -> None:
    assert set(as_it_is(phone, now).rights) <= set(phone.rights)


@given(phones, times, windows)
def test_another_window_takes_nothing_from_one_who_has_windows(
    phone: Phone, now: LocalTime, more: Window
) -> None:
    if phone.windows:
        wider = phone.model_copy(update={"windows": (*phone.windows, more)})
        assert set(rights_at(phone, now)) <= set(rights_at(wider, now))


@given(phones, times, st.integers(1, 10**13))
def test_what_has_ended_does_not_come_back(phone: Phone, now: LocalTime, later_ms: int) -> None:
    later = replace(now, epoch_ms=now.epoch_ms + later_ms)
    if phone.until_ms is not None and now.trusted and now.epoch_ms >= phone.until_ms:
        assert rights_at(phone, later) == ()
