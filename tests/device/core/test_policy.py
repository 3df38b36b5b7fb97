from __future__ import annotations

import pytest

from device.core.policy import Policy, QuietHours


@pytest.mark.parametrize(
    ("start", "end", "minute", "quiet"),
    [
        (22 * 60, 7 * 60, 22 * 60, True),
        (22 * 60, 7 * 60, 0, True),
        (22 * 60, 7 * 60, 7 * 60, False),
        (13 * 60, 15 * 60, 14 * 60, True),
        (13 * 60, 15 * 60, 12 * 60 + 59, False),
        (60, 60, 60, False),
    ],
)
def test_quiet_hours(start: int, end: int, minute: int, quiet: bool) -> None:
    assert Policy(quiet_hours=QuietHours(start, end)).quiet(minute) is quiet


def test_no_quiet_hours_by_default() -> None:
    assert not any(Policy().quiet(minute) for minute in range(24 * 60))


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="times of day"):
        QuietHours(0, 24 * 60)
    with pytest.raises(ValueError, match="positive"):
        Policy(pulse_s=0)
