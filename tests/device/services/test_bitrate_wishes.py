"""What viewers wish a layer's rate to be."""

from __future__ import annotations

from collections.abc import Mapping

from device.services.bitrate_wishes import BitrateWishes
from protocol.door import Layer


class Plan:
    def __init__(self) -> None:
        self.told: list[tuple[Layer, dict[str, int]]] = []

    def plan(self, layer: Layer, wishes: Mapping[str, int]) -> None:
        self.told.append((layer, dict(wishes)))


def test_changes_are_told_and_repetitions_are_not() -> None:
    plan = Plan()
    wishes = BitrateWishes(plan.plan)
    wishes.wish("a", "low", 150)
    wishes.wish("a", "low", 150)
    wishes.wish("b", "low", 350)
    assert plan.told == [("low", {"a": 150}), ("low", {"a": 150, "b": 350})]


def test_a_call_wishes_for_one_layer_only() -> None:
    plan = Plan()
    wishes = BitrateWishes(plan.plan)
    wishes.wish("a", "low", 150)
    wishes.wish("a", "high", 2000)
    assert plan.told[1:] == [("low", {}), ("high", {"a": 2000})]


def test_a_call_that_is_over_wishes_nothing() -> None:
    plan = Plan()
    wishes = BitrateWishes(plan.plan)
    wishes.wish("a", "low", 150)
    wishes.drop("a")
    wishes.drop("a")
    assert plan.told[1:] == [("low", {})]
