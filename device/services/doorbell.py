"""The only owner of the doorbell's state.

Everyone else puts events in its inbox. It steps the machine, carries out the actions in order,
and tells its audience (link, broker, calls) what happened. What goes wrong with one part becomes
an event as well, so nothing that fails can stop a ring.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from device.core import actions as a
from device.core import events as e
from device.core import view
from device.core.house import part_of
from device.core.machine import next_deadline, step
from device.core.policy import Policy
from device.core.states import Part, Phase, Reply, State
from device.services.clock import Clock
from device.services.mending import Mending
from hardware.board import Board
from hardware.errors import HardwareError
from hardware.patient import present
from hardware.ports import Sensor, Signal
from protocol.base import UnixMs
from protocol.door import DoorState, Fault, Moment
from protocol.link import Occurrence, VisitClosed, VisitMoment, VisitOpened

log = logging.getLogger(__name__)

# Making one picture takes tens of milliseconds; a machine that needs this long has other troubles.
SNAPSHOT_LIMIT_S = 10.0
FAULTS_SHOWN = 16
SENTENCE_LIMIT = 300

# The ticket of a wish whose outcome nobody waits for.
NOBODY_WAITS = 0

Outcome = a.Grant | a.Refuse


def _nothing(*_: object) -> None:
    """For members of the audience who do not listen to everything."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Someone who is told. Calls return at once and do not raise."""

    occurred: Callable[[Occurrence], None] = _nothing
    state: Callable[[DoorState], None] = _nothing
    snapshot: Callable[[str, bytes], None] = _nothing
    opened: Callable[[str], None] = _nothing
    closed: Callable[[str], None] = _nothing
    held: Callable[[str, UnixMs], None] = _nothing
    """The button is held long: the visit's id and the moment."""


async def no_picture(at: float) -> bytes | None:
    """For a doorbell without a camera."""
    return None


class Doorbell:
    """Runs the machine on a board whose parts are open.

    `picture(at)` gives the JPEG of a monotonic moment; `speak(reply)` plays a prepared sentence.
    """

    def __init__(
        self,
        board: Board,
        policy: Policy,
        *,
        clock: Clock | None = None,
        picture: Callable[[float], Awaitable[bytes | None]] = no_picture,
        speak: Callable[[Reply], None] = _nothing,
    ) -> None:
        self._board = board
        self._clock = clock or Clock()
        self._picture = picture
        self._speak = speak
        self._state = State(policy=policy, light_on=board.light.on)
        self._inbox: asyncio.Queue[e.Event] = asyncio.Queue()
        self._audience: list[Audience] = []
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._tickets = 0
        self._shown: DoorState | None = None
        self._signal: Signal | None = None
        self._group: asyncio.TaskGroup | None = None
        self._mending = Mending(board, self, lambda: self._state.light_on)

    @property
    def door(self) -> DoorState:
        """The door as others may see it."""
        faults = tuple(Fault(part=part, detail=text) for part, text in self._state.faults)
        return DoorState(
            lock=view.lock(self._state),
            light=view.light(self._state),
            ringing=view.ringing(self._state),
            faults=faults[:FAULTS_SHOWN],
        )

    @property
    def busy(self) -> bool:
        """Whether somebody is at the door or in a call: no moment to stop."""
        return self._state.phase is not Phase.QUIET or bool(self._state.calls)

    @property
    def pulse_s(self) -> float:
        """How long an unlocked door stays open."""
        return self._state.policy.pulse_s

    def join(self, audience: Audience) -> None:
        """Tell `audience` everything from now on, in the order of joining."""
        self._audience.append(audience)

    def put(self, event: e.Event) -> None:
        """Something happened. Never blocks; nothing is dropped."""
        self._inbox.put_nowait(event)

    def fault(self, part: Part, detail: str | None) -> None:
        """A part does not work, and the remedy; or it works again (None)."""
        if detail is None:
            self.put(e.PartRecovered(part))
        else:
            self.put(e.PartFailed(part, detail[:SENTENCE_LIMIT]))

    def known_fault(self, part: Part) -> str | None:
        """What was said of a part that does not work."""
        return self._state.fault(part)

    async def ask(self, event: Callable[[int], e.Event]) -> Outcome:
        """Put the event that `event(ticket)` makes, and wait for what becomes of it."""
        self._tickets += 1
        ticket = self._tickets
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = answer
        try:
            self.put(event(ticket))
            return await answer
        finally:
            self._waiting.pop(ticket, None)

    async def run(self) -> None:
        """Live until cancelled; then close the visit and lock."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._watch("button", self._board.button, self._pressed))
                group.create_task(self._watch("motion", self._board.motion, self._moved))
                group.create_task(self._mending.run())
                await self._work()
        finally:
            self._group = None
            self._take(e.Stopping())

    # Deciding.

    async def _work(self) -> None:
        self._tell_state()
        while True:
            event = await self._next()
            if isinstance(event, e.UnlockWanted) and event.ticket not in self._waiting:
                # A door that opens when nobody waits for it any more opens for somebody else.
                log.warning("an opening came too late and is dropped")
                continue
            self._take(event)

    async def _next(self) -> e.Event:
        """The next thing that happens: time itself, or something from the inbox."""
        deadline = next_deadline(self._state)
        if deadline is None:
            return await self._inbox.get()
        at, event = deadline
        if at <= self._clock.monotonic():
            return event
        try:
            async with asyncio.timeout_at(at):
                return await self._inbox.get()
        except TimeoutError:
            return event

    def _take(self, event: e.Event) -> None:
        """Step once, and once more for everything that this brings about at once."""
        events = deque([event])
        while events:
            happened = events.popleft()
            before = self._state.phase
            self._state, actions = step(self._state, happened, self._clock.now())
            if self._state.phase is not before:
                log.info("%s: %s -> %s", type(happened).__name__, before.value,
                         self._state.phase.value)  # fmt: skip
            for action in actions:
                events.extend(self._carry_out(action))
        self._tell_state()

    # Doing.

    def _carry_out(self, action: a.Action) -> Iterable[e.Event]:
        """Do one thing; what follows from it at once comes back as events."""
        match action:
            case a.OpenVisit() | a.Note() | a.CloseVisit():
                self._tell(action)
            case a.TellLongPress(visit=visit, at=at):
                self._tell_long_press(visit, self._clock.unix_ms(at))
            case a.TakeSnapshot(visit=visit, at=at):
                if self._group is not None:
                    self._group.create_task(self._snapshot(visit, at))
            case a.Speak(reply=reply):
                self._speak(reply)
            case a.RingChime():
                return self._try("chime", self._board.chime.ring)
            case a.SecureLock():
                return self._try("lock", self._board.lock.secure, again=False)
            case a.PulseLock(ticket=ticket, seconds=seconds):
                failed = self._try("lock", lambda: self._board.lock.pulse(seconds))
                return failed or (e.LockOpened(ticket),)
            case a.CarryOut():
                return self._fulfil(action)
            case a.Grant() | a.Refuse():
                self._reply(action)
            case _:
                assert_never(action)
        return ()

    def _fulfil(self, action: a.CarryOut) -> Iterable[e.Event]:
        part, wish = part_of(action.wish), action.wish

        def do() -> None:
            match wish:
                case a.SwitchLight(on=on):
                    self._board.light.switch(on)
                case a.RingChime():
                    self._board.chime.ring()
                case a.Speak(reply=reply):
                    self._speak(reply)

        failed = self._try(part, do)
        if not failed:
            return (e.Happened(action.ticket, action.by, wish),)
        self._reply(a.Refuse(action.ticket, "fault", failed[0].detail))
        return failed

    def _try(
        self, part: Part, do: Callable[[], None], *, again: bool = True
    ) -> tuple[e.PartFailed, ...]:
        """Ask a part to do something; its failure is an event. `again` guards against circles."""
        try:
            do()
        except HardwareError as error:
            known, detail = self._state.fault(part), str(error)[:SENTENCE_LIMIT]
            if detail != known:
                log.warning("the %s does not work: %s", part, detail)
            if again or known is None:
                return (e.PartFailed(part, detail),)
        return ()

    def _reply(self, outcome: Outcome) -> None:
        waiting = self._waiting.get(outcome.ticket)
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    # Telling.

    def _tell(self, action: a.OpenVisit | a.Note | a.CloseVisit) -> None:
        what = _occurrence(action, self._clock.unix_ms(action.at))
        log.info("visit %s: %s", action.visit, _line(action))
        for listener in self._audience:
            listener.occurred(what)
        for listener in self._audience:
            if isinstance(action, a.OpenVisit):
                listener.opened(action.visit)
            elif isinstance(action, a.CloseVisit):
                listener.closed(action.visit)

    def _tell_long_press(self, visit: str, at_ms: UnixMs) -> None:
        log.info("the button is held")
        for listener in self._audience:
            listener.held(visit, at_ms)

    def _tell_state(self) -> None:
        door = self.door
        if door != self._shown:
            self._shown = door
            for listener in self._audience:
                listener.state(door)
        signal = Signal(view.face(self._state))
        if signal is not self._signal:
            self._signal = signal
            try:
                self._board.indicator.show(signal)
            except HardwareError as error:
                self._mending.failed("indicator", str(error))

    async def _snapshot(self, visit: str, at: float) -> None:
        try:
            async with asyncio.timeout(SNAPSHOT_LIMIT_S):
                jpeg = await self._picture(at)
        except TimeoutError:
            log.warning("visit %s: no picture within %.0f s", visit, SNAPSHOT_LIMIT_S)
            return
        if jpeg is not None:
            for listener in self._audience:
                listener.snapshot(visit, jpeg)

    # Watching.

    def _pressed(self, active: bool) -> e.Event:
        return e.Pressed(self._clock.visit_id()) if active else e.Released()

    def _moved(self, active: bool) -> e.Event:
        return e.MotionBegan(self._clock.visit_id()) if active else e.MotionEnded()

    async def _watch(self, part: Part, sensor: Sensor, event: Callable[[bool], e.Event]) -> None:
        while True:
            try:
                await present(sensor)
                edges = sensor.edges()
                self._mending.works(part)
                async for edge in edges:
                    self.put(event(edge.active))
                self._mending.failed(part, f"The {part} sensor ended. Restart the doorbell.")
            except HardwareError as error:
                self._mending.failed(part, str(error))
            await self._mending.pause()


def _occurrence(action: a.OpenVisit | a.Note | a.CloseVisit, at_ms: UnixMs) -> Occurrence:
    match action:
        case a.OpenVisit(visit=visit, cause=cause):
            return VisitOpened(visit=visit, cause=cause, at_ms=at_ms)
        case a.CloseVisit(visit=visit, outcome=outcome):
            return VisitClosed(visit=visit, at_ms=at_ms, outcome=outcome)
        case a.Note(visit=visit, what=what, who=who, quiet=quiet):
            moment = Moment(at_ms=at_ms, what=what, who=who, quiet=quiet)
            return VisitMoment(visit=visit, moment=moment)


def _line(action: a.OpenVisit | a.Note | a.CloseVisit) -> str:
    match action:
        case a.OpenVisit(cause=cause):
            return f"opened by {cause}"
        case a.CloseVisit(outcome=outcome):
            return f"closed, {outcome}"
        case a.Note(what=what):
            return what
