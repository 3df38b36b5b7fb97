"""Tokens count once, for as long as they could be used again."""

from __future__ import annotations

import pytest

from cloud.shared.problems import ProblemError
from cloud.shared.replay import ReplayGuard


class Time:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_counts_once_until_it_has_expired() -> None:
    time = Time()
    guard = ReplayGuard(time)
    guard.use("anna", "t", 1060)
    guard.use("ben", "t", 1060)
    with pytest.raises(ProblemError) as again:
        guard.use("anna", "t", 1060)
    assert again.value.status == 401
    time.now_s = 1121
    guard.use("anna", "t", 1180)


def test_one_phone_cannot_fill_the_memory_nor_push_out_another() -> None:
    guard = ReplayGuard(Time())
    guard.use("ben", "kept", 1060)
    for number in range(2048):
        guard.use("anna", str(number), 1060)
    with pytest.raises(ProblemError) as full:
        guard.use("anna", "one more", 1060)
    assert full.value.status == 429
    with pytest.raises(ProblemError):
        guard.use("ben", "kept", 1060)
