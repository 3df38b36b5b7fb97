"""What the doorbell decides, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device.core import actions as a
from device.core import events as e
from device.core.machine import UnknownTransitionError, next_deadline, step
from device.core.policy import Policy, QuietHours
from device.core.states import LockPhase, Now, Person, Phase, State

ANNA, BEN = Person("anna", "Anna"), Person("ben", "Ben")
POLICY = Policy()


class Door:
    """A state and its history, stepped by hand."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.state = State(policy=policy)
        self.at = 100.0
        self.minute = 12 * 60

    def take(self, event: e.Event, after: float = 0.0) -> tuple[a.Action, ...]:
        self.at += after
        self.state, actions = step(self.state, event, Now(self.at, self.minute))
        return actions

    def wait(self) -> tuple[a.Action, ...]:
        """Let time pass until the next deadline."""
        deadline = next_deadline(self.state)
        assert deadline is not None
        self.at = max(self.at, deadline[0])
        self.state, actions = step(self.state, deadline[1], Now(self.at, self.minute))
        return actions


def notes(actions: tuple[a.Action, ...]) -> list[str]:
    return [action.what for action in actions if isinstance(action, a.Note)]


def test_press_opens_a_visit_and_rings_household_before_bell() -> None:
    door = Door()
    actions = door.take(e.Pressed("v1"))
    assert actions == (
        a.OpenVisit("v1", "press", 100.0),
        a.Note("v1", "rang", 100.0),
        a.RingChime(),
        a.TakeSnapshot("v1", 100.0),
    )
    assert door.state.phase is Phase.RINGING


def test_press_in_a_motion_visit_rings_in_the_same_visit() -> None:
    door = Door()
    opened = door.take(e.MotionBegan("v1"))
    rang = door.take(e.Pressed("v2"), 5)
    assert opened[0] == a.OpenVisit("v1", "motion", 100.0)
    assert rang == (
        a.Note("v1", "rang", 105.0), a.RingChime(), a.TakeSnapshot("v1", 105.0)
    )  # fmt: skip


def test_a_bounce_is_no_second_ring_but_an_impatient_press_sounds_again() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    assert door.take(e.Pressed("v2"), 0.3) == ()
    assert door.take(e.Pressed("v3"), 5) == (a.RingChime(),)
    assert door.state.ring_until == 105.3 + POLICY.ring_timeout_s


def test_quiet_hours_silence_the_bell_and_nothing_else() -> None:
    door = Door(replace(POLICY, quiet_hours=QuietHours(22 * 60, 7 * 60)))
    door.minute = 23 * 60
    actions = door.take(e.Pressed("v1"))
    assert a.RingChime() not in actions
    assert a.Note("v1", "rang", 100.0, quiet=True) in actions
    assert door.take(e.Pressed("v2"), 10) == ()


def test_unanswered_ring_is_missed_and_closes_after_the_post_roll() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    assert notes(door.wait()) == ["missed"]
    assert door.at == 100 + POLICY.ring_timeout_s
    assert door.wait() == (a.CloseVisit("v1", "missed", door.at),)
    assert door.at == 100 + POLICY.ring_timeout_s + POLICY.post_roll_s
    assert next_deadline(door.state) is None


def test_the_door_speaks_when_nobody_answers_only_if_asked_to() -> None:
    door = Door(replace(POLICY, unanswered_reply="leave_it"))
    door.take(e.Pressed("v1"))
    actions = door.wait()
    assert a.Speak("leave_it") in actions
    assert notes(actions) == ["missed", "quick_reply"]


def test_the_first_phone_to_answer_stays_the_one_who_answered() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    first = door.take(e.CallStarted("call-1", ANNA, "v1"), 3)
    second = door.take(e.CallStarted("call-2", BEN, "v1"), 1)
    assert first == (a.Note("v1", "answered", 103.0, "Anna"),)
    assert second == ()
    assert door.state.visit is not None
    assert door.state.visit.answered_by == ANNA


def test_the_visit_lives_until_the_last_answering_phone_is_gone() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    for call, person in (("call-1", ANNA), ("call-2", BEN)):
        door.take(e.CallStarted(call, person, "v1"))
    assert notes(door.take(e.CallEnded("call-1"), 5)) == ["hung_up"]
    assert door.state.phase is Phase.ANSWERED
    assert notes(door.take(e.CallEnded("call-2"), 5)) == ["hung_up"]
    assert door.wait() == (a.CloseVisit("v1", "answered", 110 + POLICY.post_roll_s),)


@pytest.mark.parametrize(
    "call",
    [e.CallStarted("call-1", None, "v1"), e.CallStarted("call-1", ANNA, None),
     e.CallStarted("call-1", ANNA, "v0")],
)  # fmt: skip
def test_a_mere_viewer_answers_nothing(call: e.CallStarted) -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    assert door.take(call) == ()
    assert door.state.phase is Phase.RINGING
    assert len(door.state.calls) == 1


def test_a_late_answer_in_the_post_roll_still_counts() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    door.wait()
    assert notes(door.take(e.CallStarted("call-1", ANNA, "v1"), 2)) == ["answered"]
    door.take(e.CallEnded("call-1"), 2)
    assert isinstance(closing := door.wait()[-1], a.CloseVisit)
    assert closing.outcome == "answered"


def test_a_press_while_someone_watches_a_motion_visit_is_a_ring() -> None:
    door = Door()
    door.take(e.MotionBegan("v1"))
    door.take(e.CallStarted("call-1", ANNA, "v1"), 1)
    assert notes(door.take(e.Pressed("v2"), 1)) == ["rang"]
    assert door.state.phase is Phase.ANSWERED


def test_someone_who_stays_after_the_ring_keeps_the_visit_open() -> None:
    door = Door()
    door.take(e.MotionBegan("v1"))
    door.take(e.Pressed("v2"), 1)
    door.wait()
    assert door.state.phase is Phase.PRESENT
    door.take(e.MotionEnded())
    assert isinstance(door.wait()[-1], a.CloseVisit)


def test_someone_who_comes_back_in_the_post_roll_is_the_same_visit() -> None:
    door = Door()
    door.take(e.MotionBegan("v1"))
    door.take(e.MotionEnded(), 2)
    door.take(e.MotionBegan("v2"), 2)
    assert door.state.phase is Phase.PRESENT
    assert notes(door.take(e.Pressed("v3"))) == ["rang"]


def test_motion_cools_down_but_a_press_never_does() -> None:
    door = Door()
    door.take(e.MotionBegan("v1"))
    door.take(e.MotionEnded(), 1)
    door.wait()
    assert door.take(e.MotionBegan("v2"), 1) == ()
    door.take(e.MotionEnded())
    assert notes(door.take(e.Pressed("v3"), 1)) == ["rang"]


def test_a_stuck_sensor_does_not_record_for_ever() -> None:
    door = Door()
    door.take(e.MotionBegan("v1"))
    assert door.wait() == (a.CloseVisit("v1", "motion", 100 + POLICY.visit_limit_s),)


def test_unlocking_pulses_once_is_confirmed_and_locks_again() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    assert door.take(e.UnlockWanted(1, ANNA)) == (a.PulseLock(1, POLICY.pulse_s),)
    assert door.take(e.LockOpened(1)) == (a.Note("v1", "unlocked", 100.0, "Anna"), a.Grant(1))
    refused = door.take(e.UnlockWanted(2, BEN), 1)
    assert [type(action) for action in refused] == [a.Refuse]
    assert door.wait() == (a.SecureLock(),)
    assert door.state.lock is LockPhase.LOCKED


def test_a_lock_that_fails_is_secured_refused_and_not_offered() -> None:
    door = Door()
    door.take(e.UnlockWanted(1, ANNA))
    failed = door.take(e.PartFailed("lock", "The lock did not answer."))
    assert failed == (a.SecureLock(), a.Refuse(1, "fault", "The lock did not answer."))
    assert door.take(e.UnlockWanted(2, ANNA)) == (a.Refuse(2, "fault", "The lock did not answer."),)
    door.take(e.PartRecovered("lock"))
    assert door.take(e.UnlockWanted(3, ANNA)) == (a.PulseLock(3, POLICY.pulse_s),)


def test_too_many_pulses_make_a_pause() -> None:
    door = Door(replace(POLICY, unlock_limit=2))
    for ticket in (1, 2):
        door.take(e.UnlockWanted(ticket, ANNA))
        door.wait()
    refusal = door.take(e.UnlockWanted(3, ANNA))[0]
    assert isinstance(refusal, a.Refuse)
    assert refusal.reason == "rate"
    assert door.take(e.UnlockWanted(4, ANNA), POLICY.unlock_window_s) == (
        a.PulseLock(4, POLICY.pulse_s),
    )


def test_a_wish_is_told_only_when_it_came_true() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    wish = a.SwitchLight(on=True)
    assert door.take(e.Wanted(7, ANNA, wish)) == (a.CarryOut(7, ANNA, wish),)
    assert not door.state.light_on
    happened = door.take(e.Happened(7, ANNA, wish))
    assert happened == (a.Note("v1", "light_on", 100.0, "Anna"), a.Grant(7))
    assert door.state.light_on


def test_stopping_closes_the_visit_and_secures_the_lock() -> None:
    door = Door()
    door.take(e.Pressed("v1"))
    door.take(e.UnlockWanted(1, ANNA))
    actions = door.take(e.Stopping())
    assert notes(actions) == ["missed"]
    assert a.CloseVisit("v1", "missed", 100.0) in actions
    assert actions[-1] == a.SecureLock()
    assert next_deadline(door.state) is None


def test_what_the_table_does_not_name_raises() -> None:
    with pytest.raises(UnknownTransitionError, match="RingTimedOut cannot happen in"):
        step(State(), e.RingTimedOut(), Now(0.0))


def test_a_very_busy_visit_keeps_room_for_what_counts() -> None:
    door = Door(replace(POLICY, visit_limit_s=10_000))
    door.take(e.MotionBegan("v1"))
    count = 0
    for ticket in range(400):
        wish = a.SwitchLight(on=ticket % 2 == 0)
        count += len(notes(door.take(e.Happened(ticket, ANNA, wish))))
    assert count < 200
    assert notes(door.take(e.Pressed("v2"))) == ["rang"]
