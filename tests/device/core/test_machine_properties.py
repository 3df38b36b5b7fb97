"""Hypothesis drives the machine through whole days and looks for a broken promise."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from device.core import actions as a
from device.core import events as e
from device.core.machine import next_deadline, step
from device.core.policy import Policy, QuietHours
from device.core.states import LockPhase, Now, Part, Person, Phase, State

PEOPLE = [Person("anna", "Anna"), Person("ben", "Ben"), None]
PARTS: list[Part] = ["camera", "microphone", "speaker", "motion", "button", "lock", "light",
                     "chime", "recorder", "server", "broker", "log",
                     "indicator", "storage", "power"]  # fmt: skip
POLICY = Policy(quiet_hours=QuietHours(22 * 60, 7 * 60), unanswered_reply="coming", unlock_limit=3,
                long_press_s=5.0)  # fmt: skip


class Doorbell(RuleBasedStateMachine):
    """Every rule is something the world may do; the fields are what an observer would note."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(policy=POLICY)
        self.at = 1000.0
        self.counter = 0
        self.steps = 0
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.answered_by: dict[str, str] = {}
        self.open_since: float | None = None
        self.tickets: set[int] = set()

    # What the world does.

    @rule(minute=st.integers(0, 1439))
    def press(self, minute: int) -> None:
        before = self.state
        actions = self._take(e.Pressed(self._id()), minute)
        told = [x for x in actions if isinstance(x, a.Note) and x.what == "rang"]
        ringing = before.phase in (Phase.RINGING, Phase.ANSWERED)
        assert told or (ringing and before.pressed_at is not None) or self._page_full(before)
        if not ringing:
            assert self.state.phase is Phase.RINGING
            assert (a.RingChime() in actions) is not POLICY.quiet(minute)

    @rule()
    def release(self) -> None:
        self._take(e.Released())

    @precondition(lambda self: self.state.calls)
    @rule(data=st.data(), hears=st.booleans())
    def turn_sound(self, data: st.DataObject, hears: bool) -> None:
        call = data.draw(st.sampled_from(self.state.calls)).id
        self._take(e.HearingChanged(call, hears))
        assert next(each.hears for each in self.state.calls if each.id == call) is hears

    @rule()
    def motion(self) -> None:
        self._take(e.MotionBegan(self._id()))

    @rule()
    def no_motion(self) -> None:
        self._take(e.MotionEnded())

    @rule(person=st.sampled_from(PEOPLE))
    def watch(self, person: Person | None) -> None:
        self._take(e.CallStarted(self._id(), person))

    @precondition(lambda self: self.state.visit is not None)
    @rule(person=st.sampled_from(PEOPLE))
    def answer(self, person: Person | None) -> None:
        visit = self.state.visit
        assert visit is not None
        self._take(e.CallStarted(self._id(), person, visit.id))
        taken = self.state.phase is Phase.ANSWERED
        assert taken or person is None

    @precondition(lambda self: self.state.calls)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        self._take(e.CallEnded(data.draw(st.sampled_from(self.state.calls)).id))

    @rule(works=st.sampled_from([True, True, False]))
    def unlock(self, works: bool) -> None:
        self.counter += 1
        ticket = self.counter
        self.tickets.add(ticket)
        actions = self._take(e.UnlockWanted(ticket, Person("anna", "Anna")))
        if any(isinstance(action, a.PulseLock) for action in actions):
            self._take(e.LockOpened(ticket) if works else e.PartFailed("lock", "It is stuck."))
        self._take(e.PartRecovered("lock"))
        assert ticket not in self.tickets, "every request is answered"

    @rule(part=st.sampled_from(PARTS), works=st.booleans())
    def fail_or_recover(self, part: Part, works: bool) -> None:
        self._take(e.PartRecovered(part) if works else e.PartFailed(part, "It does not work."))

    @rule(wish=st.sampled_from([a.SwitchLight(True), a.RingChime(), a.Speak("coming")]))
    def wish(self, wish: a.Wish) -> None:
        actions = self._take(e.Happened(0, Person("ben", "Ben"), wish))
        assert a.Grant(0) in actions

    @rule(seconds=st.floats(0.0, 12.0))
    def wait(self, seconds: float) -> None:
        self._let_pass(seconds)

    @rule(seconds=st.sampled_from([POLICY.ring_timeout_s, POLICY.visit_limit_s]))
    def wait_long(self, seconds: float) -> None:
        self._let_pass(seconds)

    @precondition(lambda self: self.steps > 20)
    @rule()
    def stop(self) -> None:
        self._take(e.Stopping())
        assert self.state.visit is None
        assert self.state.lock is LockPhase.LOCKED

    def _let_pass(self, seconds: float) -> None:
        until = self.at + seconds
        while (deadline := next_deadline(self.state)) and deadline[0] <= until:
            self.at = max(self.at, deadline[0])
            self._take(deadline[1])
        self.at = until

    # What must always be true.

    @invariant()
    def at_most_one_visit_is_open_and_none_is_closed_twice(self) -> None:
        running = [] if self.state.visit is None else [self.state.visit.id]
        assert self.opened == self.closed + running
        assert len(set(self.opened)) == len(self.opened)

    @invariant()
    def a_visit_is_open_exactly_when_someone_is_there(self) -> None:
        assert (self.state.visit is None) is (self.state.phase is Phase.QUIET)

    @invariant()
    def an_open_visit_and_an_open_lock_have_an_end(self) -> None:
        if self.state.visit or self.state.pulse:
            deadline = next_deadline(self.state)
            assert deadline is not None
            assert deadline[0] <= self.at + POLICY.visit_limit_s

    @invariant()
    def the_lock_is_open_exactly_while_a_bounded_pulse_runs(self) -> None:
        assert (self.state.lock is LockPhase.OPEN) is (self.state.pulse is not None)
        if self.open_since is not None:
            assert self.at <= self.open_since + POLICY.pulse_s
        assert (self.open_since is not None) is (self.state.pulse is not None)

    @invariant()
    def ringing_waits_and_only_ringing_waits(self) -> None:
        assert (self.state.ring_until is not None) is (self.state.phase is Phase.RINGING)
        assert (self.state.leave_at is not None) is (self.state.phase is Phase.LEAVING)

    @invariant()
    def the_answer_belongs_to_the_first(self) -> None:
        visit = self.state.visit
        if visit and visit.answered_by:
            assert self.answered_by[visit.id] == visit.answered_by.name

    def teardown(self) -> None:
        """When everyone leaves, the house comes to rest by time alone."""
        self._take(e.MotionEnded())
        for call in self.state.calls:
            self._take(e.CallEnded(call.id))
        for _ in range(10):
            if deadline := next_deadline(self.state):
                self.at = max(self.at, deadline[0])
                self._take(deadline[1])
        assert self.state.phase is Phase.QUIET
        assert self.opened == self.closed
        super().teardown()

    # How the observer notes.

    def _id(self) -> str:
        self.counter += 1
        return f"id-{self.counter:08}"

    def _page_full(self, state: State) -> bool:
        return state.visit is not None and state.visit.notes >= 190

    def _take(self, event: e.Event, minute: int = 720) -> tuple[a.Action, ...]:
        self.steps += 1
        self.state, actions = step(self.state, event, Now(self.at, minute))
        for action in actions:
            self._observe(action)
        return actions

    def _observe(self, action: a.Action) -> None:
        match action:
            case a.OpenVisit(visit=visit):
                self.opened.append(visit)
            case a.CloseVisit(visit=visit, outcome=outcome):
                self.closed.append(visit)
                assert (outcome == "answered") is (visit in self.answered_by)
            case a.Note(visit=visit, what="answered", who=who):
                assert visit not in self.answered_by
                self.answered_by[visit] = who
            case a.PulseLock(seconds=seconds):
                assert self.open_since is None
                assert seconds <= POLICY.pulse_s
                self.open_since = self.at
            case a.SecureLock():
                self.open_since = None
            case a.Grant(ticket=ticket) | a.Refuse(ticket=ticket):
                self.tickets.discard(ticket)
            case _:
                pass


Doorbell.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestDoorbell = Doorbell.TestCase
