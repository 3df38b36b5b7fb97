"""How long each step of a call's start took: the doorbell's side, joined with the phone's."""

from __future__ import annotations

from collections.abc import Callable

from protocol.control import Phases, Trace
from protocol.door import Phase, PhaseName


class CallTrace:
    """Marks of one call's start; `clock` in seconds. `joined(trace)` is called once complete."""

    def __init__(
        self, call: str, clock: Callable[[], float], joined: Callable[[Trace], None]
    ) -> None:
        self._call = call
        self._clock = clock
        self._joined = joined
        self._began_s = self._last_s = clock()
        self._phases: list[Phase] = []

    def mark(self, name: PhaseName) -> None:
        """The step `name` is done now; it began when the step before it was done."""
        now_s = self._clock()
        self._phases.append(Phase(name=name, ms=round((now_s - self._last_s) * 1000)))
        self._last_s = now_s

    def join(self, heard: Phases) -> Trace:
        """Put the phone's steps beside ours."""
        trace = Trace(
            id=heard.id, call=self._call, phone=heard.phases, doorbell=tuple(self._phases)
        )
        self._joined(trace)
        return trace
