"""Waits between tries."""

from __future__ import annotations

import random

from device.services.retry import Backoff


def test_waits_double_up_to_the_limit_and_start_again_after_success() -> None:
    backoff = Backoff(0.5, 10.0, random.Random(4))
    waits = [backoff.next_s() for _ in range(100)]
    for wait_s, ceiling_s in zip(waits, [0.5, 1, 2, 4, 8, *[10] * 95], strict=True):
        assert ceiling_s / 2 <= wait_s <= ceiling_s
    assert len(set(waits)) == 100
    backoff.reset()
    assert backoff.next_s() <= 0.5
