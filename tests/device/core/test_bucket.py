from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.core.bucket import Bucket


def test_a_few_at_once_and_then_one_after_the_other() -> None:
    bucket = Bucket(3, 0.5)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(11.9)
    assert bucket.take(12.0)
    assert not bucket.take(12.0)


def test_a_long_rest_gives_no_more_than_a_burst() -> None:
    bucket = Bucket(2, 100.0)
    assert bucket.take(0.0)
    assert [bucket.take(1e9) for _ in range(3)] == [True, True, False]


@given(st.lists(st.floats(0, 60), max_size=200), st.integers(1, 9), st.floats(0.1, 10))
def test_no_span_holds_more_than_burst_and_rate(
    times: list[float], size: int, per_s: float
) -> None:
    bucket, taken = Bucket(size, per_s), list[float]()
    for now in sorted(times):
        if bucket.take(now):
            taken.append(now)
    for first, began in enumerate(taken):
        for last, ended in enumerate(taken[first:], first):
            assert last - first + 1 <= size + (ended - began) * per_s + 1e-6
