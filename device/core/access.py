"""When the rights of a phone hold: always, until an end, or in windows of every week."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.door import Phone, Right, Window

DAYS = 7


@dataclass(frozen=True, slots=True)
class LocalTime:
    """One moment as the people of the house tell it.

    `epoch_ms` is milliseconds since 1970; `weekday` counts from Monday, 0; `minute` is minutes
    since local midnight. `trusted` tells whether anybody would vouch for it.
    """

    epoch_ms: int
    weekday: int
    minute: int
    trusted: bool


# Without a clock, what depends on the time does not hold.
NO_TIME = LocalTime(0, 0, 0, trusted=False)


def is_limited(phone: Phone) -> bool:
    """Whether the phone's rights depend on the time."""
    return phone.until_ms is not None or bool(phone.windows)


def rights_at(phone: Phone, now: LocalTime) -> tuple[Right, ...]:
    """The rights that hold now; limited ones never hold while the clock is not trusted."""
    if not is_limited(phone):
        return phone.rights
    if not now.trusted or not is_before_end(phone.until_ms, now):
        return ()
    if phone.windows and not any(_is_open(window, now) for window in phone.windows):
        return ()
    return phone.rights


def as_it_is(phone: Phone, now: LocalTime) -> Phone:
    """The phone with the rights that it has now."""
    return phone.model_copy(update={"rights": rights_at(phone, now)})


def is_lasting_admin(phone: Phone) -> bool:
    """Whether the phone manages the household at all times."""
    return "admin" in phone.rights and not is_limited(phone)


def is_before_end(until_ms: int | None, now: LocalTime) -> bool:
    """Whether something that ends then still holds; not when nobody knows what time it is."""
    return until_ms is None or (now.trusted and now.epoch_ms < until_ms)


def _is_open(window: Window, now: LocalTime) -> bool:
    """A window whose end is not after its start ends on the next day."""
    if window.start < window.end:
        return now.weekday in window.days and window.start <= now.minute < window.end
    if now.minute >= window.start and now.weekday in window.days:
        return True
    return now.minute < window.end and (now.weekday - 1) % DAYS in window.days
