"""The table as a whole: everything is reached, everything leads on, nothing is forgotten."""

from __future__ import annotations

import typing

import pytest

from device.core import events as e
from device.core.machine import TABLE
from device.core.states import HousePhase, LockPhase, Phase, Place


def followers(place: Place) -> set[Place]:
    return {rule.to for rules in TABLE[place].values() for rule in rules}


def reached_from(start: Place) -> set[Place]:
    reached: set[Place] = set()
    waiting = {start}
    while waiting:
        reached |= waiting
        waiting = {after for place in waiting for after in followers(place)} - reached
    return reached


@pytest.mark.parametrize("start", [Phase.QUIET, LockPhase.LOCKED, HousePhase.READY])
def test_every_place_is_reached_and_leads_back(start: Place) -> None:
    assert reached_from(start) == set(type(start))
    for place in type(start):
        assert start in reached_from(place)


def test_every_event_is_in_the_table() -> None:
    named = {kind for row in TABLE.values() for kind in row}
    assert named == set(typing.get_args(e.Event))


def test_every_row_ends_in_a_rule_without_a_guard() -> None:
    for row in TABLE.values():
        for rules in row.values():
            assert rules[-1].when is None
            assert all(rule.when is not None for rule in rules[:-1])


def test_nobody_leaves_their_own_kind_of_place() -> None:
    for place in TABLE:
        assert {type(after) for after in followers(place)} == {type(place)}


@pytest.mark.parametrize(
    "event", [e.Pressed, e.MotionBegan, e.MotionEnded, e.CallStarted, e.CallEnded, e.Stopping]
)
def test_what_comes_from_outside_is_taken_in_every_phase(event: type[e.Event]) -> None:
    assert all(event in TABLE[phase] for phase in Phase)
