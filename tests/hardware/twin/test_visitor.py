import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.twin.visitor import (
    LOOK_S,
    PRESS_S,
    STEP_UP_FROM,
    STEP_UP_S,
    WALK_S,
    Doing,
    Presence,
)


def doing(presence: Presence, *times: float) -> list[Doing | None]:
    poses = [presence.pose(at) for at in times]
    return [pose.doing if pose else None for pose in poses]


def test_someone_walks_past() -> None:
    presence = Presence.walking_past(100)
    leaving = 100 + WALK_S + LOOK_S
    assert doing(presence, 100, 100 + WALK_S + 0.5, leaving + 0.1, leaving + WALK_S + 0.1) == [
        Doing.COMING, Doing.WAITING, Doing.GOING, None,
    ]  # fmt: skip
    assert presence.gone_s == pytest.approx(leaving + WALK_S)


def test_a_press_out_of_nothing_shows_someone_at_once() -> None:
    presence = Presence.pressing(100, patience_s=60)
    pose = presence.pose(100)
    assert pose is not None
    assert (pose.doing, pose.near) == (Doing.PRESSING, STEP_UP_FROM)
    assert doing(presence, 100 + PRESS_S + STEP_UP_S, 161) == [Doing.WAITING, Doing.GOING]


def test_a_visitor_waves_while_waiting() -> None:
    presence = Presence.pressing(100, patience_s=60)
    seen = {pose.doing for tenth in range(200) if (pose := presence.pose(100 + tenth / 10))}
    assert seen == {Doing.PRESSING, Doing.WAITING, Doing.WAVING}


def test_leaving_half_way_turns_round_there() -> None:
    presence = Presence.walking_past(100).leave(100 + WALK_S / 2)
    pose = presence.pose(100 + WALK_S / 2)
    assert pose is not None
    assert pose.doing is Doing.GOING
    assert pose.near == pytest.approx(0.5)
    assert presence.gone_s == pytest.approx(100 + WALK_S)
    assert presence.leave(100 + WALK_S * 0.6) is presence


@given(st.floats(0, 20), st.floats(0, 100))
def test_a_press_brings_them_to_the_bell_from_anywhere(pressed: float, later: float) -> None:
    presence = Presence.walking_past(0).press(pressed, patience_s=60)
    pose = presence.pose(pressed)
    assert pose is not None
    assert pose.doing is Doing.PRESSING
    shown = presence.pose(pressed + later)
    assert shown is None or 0 < shown.near <= 1
