"""How long each step of a call's start took: the doorbell's side, joined with the phone's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from media.frames import EncodedFrame
from protocol.control import Phases, Trace
from protocol.door import Phase, PhaseName

log = logging.getLogger(__name__)

# What a phone that shows a picture has told by then, it has told; other viewers tell nothing.
PHONE_LIMIT_S = 5.0
# What the protocol lets a step take.
STEP_LIMIT_MS = 600_000


class CallTrace:
    """Marks of one call's start; `clock` in seconds. `told(trace)` is called once, when complete.

    A trace is complete with the phone's steps, or without them when no phone told of any.
    """

    def __init__(
        self, call: str, clock: Callable[[], float], told: Callable[[Trace], None]
    ) -> None:
        self._call = call
        self._clock = clock
        self._told: Callable[[Trace], None] | None = told
        self._began_s = self._last_s = clock()
        self._phases: list[Phase] = []
        self._shown = asyncio.Event()

    def mark(self, name: PhaseName) -> None:
        """The step `name` is done now; it began when the step before it was done. Once each."""
        if any(phase.name == name for phase in self._phases):
            return
        now_s = self._clock()
        took_ms = round((now_s - self._last_s) * 1000)
        self._phases.append(Phase(name=name, ms=min(took_ms, STEP_LIMIT_MS)))
        self._last_s = now_s
        if name == "keyframe":
            self._shown.set()

    def keyframe(self) -> None:
        """The first picture is on its way."""
        self.mark("keyframe")

    def join(self, heard: Phases) -> Trace:
        """Put the phone's steps beside ours."""
        trace = Trace(
            id=heard.id, call=self._call, phone=heard.phases, doorbell=tuple(self._phases)
        )
        self._tell(trace)
        return trace

    async def wait_for_phone(self) -> None:
        """Returns when it has been long enough since the first picture; tells what there is."""
        await self._shown.wait()
        await asyncio.sleep(PHONE_LIMIT_S)
        self.close()

    def close(self) -> None:
        """Tell of what is known unless that is done. May be called twice."""
        if self._phases:
            self._tell(Trace(id=1, call=self._call, phone=(), doorbell=tuple(self._phases)))

    def _tell(self, trace: Trace) -> None:
        told, self._told = self._told, None
        if told is not None:
            log.info("call %s: %s", self._call, in_words(trace))
            told(trace)


class FirstKeyframe:
    """Hands `frames` on; calls `passed()` when the first keyframe is taken."""

    def __init__(self, frames: AsyncIterator[EncodedFrame], passed: Callable[[], None]) -> None:
        self._frames = frames
        self._passed: Callable[[], None] | None = passed

    def __aiter__(self) -> FirstKeyframe:
        return self

    async def __anext__(self) -> EncodedFrame:
        frame = await anext(self._frames)
        if self._passed is not None and frame.keyframe:
            self._passed()
            self._passed = None
        return frame


def in_words(trace: Trace) -> str:
    """All steps on one line."""
    ends = (("doorbell", trace.doorbell), ("phone", trace.phone))
    return "; ".join(
        f"{end} " + ", ".join(f"{phase.name} {phase.ms} ms" for phase in phases)
        for end, phases in ends
        if phases
    )
