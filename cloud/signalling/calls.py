"""The calls that phones have with doorbells, as far as the server takes part."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from cloud.shared.metrics import Metrics
from cloud.shared.problems import ProblemError
from cloud.signalling.links import Link, Links
from cloud.signalling.replies import (
    ANSWER_TIMEOUT_S,
    LinkLostError,
    Replies,
    no_answer,
    went_away,
)
from protocol.door import Phase, PhaseName
from protocol.link import CallAnswer, CallHangUp, CallOffer, CallRefused, CallTraced

log = logging.getLogger(__name__)

# A doorbell cannot serve more phones than this at once; a household has fewer.
_CALLS_PER_DOORBELL = 16
# One phone may have an old call that is not yet reaped, and a new one, in a few tabs.
_CALLS_PER_CALLER = 4
# Whoever brings a token is unknown until the doorbell has looked at it; strangers that try many
# must leave room for the household.
_CALLS_WITH_TOKENS = 8

End = Literal["phone", "doorbell"]
# What each end can measure; anything else is left out of the figures.
_PHASES: dict[End, tuple[PhaseName, ...]] = {
    "phone": ("signal", "ice", "dtls", "keyframe", "frame", "total"),
    "doorbell": ("gather", "ice", "dtls", "keyframe"),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a phone, or other software with a view token, of which the hash is kept."""

    id: str
    token_hash: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a caller brings, as it goes to the doorbell. `ufrag` is its ICE user fragment."""

    sdp: str
    ufrag: str
    signature: str | None = None
    view_token: str | None = None
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One caller and one doorbell."""

    doorbell: str
    caller: Caller
    ufrag: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    etag: str = field(default_factory=lambda: f'"{secrets.token_urlsafe(9)}"')


class Calls:
    """All calls. A call ends when either side hangs up or the doorbell's link is lost."""

    def __init__(
        self, links: Links, metrics: Metrics, answer_timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        self._links = links
        self._metrics = metrics
        self._answer_timeout_s = answer_timeout_s
        self._calls: dict[str, Call] = {}
        self._traced: set[str] = set()
        self._answers: Replies[CallAnswer | CallRefused] = Replies()

    def get(self, call: str) -> Call | None:
        return self._calls.get(call)

    async def place(self, link: Link, caller: Caller, offer: Offer) -> tuple[Call, CallAnswer]:
        """Call the doorbell; the call and its answer. ProblemError says why there is none."""
        call = Call(link.doorbell, caller, offer.ufrag)
        self._check_room(call)
        self._calls[call.id] = call
        self._count()
        carried = CallOffer(
            call=call.id,
            sdp=offer.sdp,
            signature=offer.signature,
            view_token=offer.view_token,
            answers=offer.answers,
        )
        answered = False
        try:
            answer = await self._answer(link, call, carried)
            answered = True
        finally:
            if not answered:
                self.forget(call.id)
        log.info("[call %s] answered by doorbell %s", call.id, call.doorbell)
        return call, answer

    def replied(self, doorbell: str, reply: CallAnswer | CallRefused) -> None:
        """The doorbell answered or refused; what nobody waits for any more is hung up."""
        taken = self._answers.give(doorbell, reply.call, reply)
        link = self._links.get(doorbell)
        if not taken and link and isinstance(reply, CallAnswer) and not self.get(reply.call):
            link.send(CallHangUp(call=reply.call))

    def hang_up(self, call: Call) -> None:
        """The phone has had enough."""
        if link := self._links.get(call.doorbell):
            link.send(CallHangUp(call=call.id))
        self.forget(call.id)

    def dismiss(self, doorbell: str, phone: str) -> None:
        """The phone has left the household: end what it has with that doorbell."""
        for call in [c for c in self._calls.values() if c.doorbell == doorbell]:
            if call.caller.id == phone:
                self.hang_up(call)

    def ended(self, doorbell: str, call: str) -> None:
        """The doorbell says that the call is over."""
        known = self._calls.get(call)
        if known and known.doorbell == doorbell:
            self.forget(call)

    def traced(self, doorbell: str, trace: CallTraced) -> None:
        """How a call's start went: counted once, and only for a call that is known."""
        known = self._calls.get(trace.call)
        if known is None or known.doorbell != doorbell or trace.call in self._traced:
            return
        self._traced.add(trace.call)
        steps = [*_steps("doorbell", trace.doorbell), *_steps("phone", trace.phone)]
        for end, name, ms in steps:
            self._metrics.call_phase_s.labels(end, name).observe(ms / 1000)
        words = ", ".join(f"{end} {name} {ms} ms" for end, name, ms in steps)
        log.info("[call %s] %s", trace.call, words)

    def lost(self, doorbell: str) -> None:
        """The doorbell's link is gone, and its calls with it."""
        self._answers.lose(doorbell)
        for call in [c for c in self._calls.values() if c.doorbell == doorbell]:
            self.forget(call.id)

    def forget(self, call: str) -> None:
        self._traced.discard(call)
        if self._calls.pop(call, None):
            log.info("[call %s] over", call)
            self._count()

    async def _answer(self, link: Link, call: Call, offer: CallOffer) -> CallAnswer:
        began = time.monotonic()
        with self._answers.expect(call.doorbell, call.id) as future:
            link.send(offer)
            try:
                async with asyncio.timeout(self._answer_timeout_s):
                    reply = await future
            except TimeoutError as error:
                link.send(CallHangUp(call=call.id))
                raise self._failed("timeout", no_answer()) from error
            except LinkLostError as error:
                raise self._failed("lost", went_away()) from error
        if isinstance(reply, CallRefused):
            raise self._failed("refused", _refused(reply))
        self._metrics.calls.labels("answered").inc()
        self._metrics.answer_s.observe(time.monotonic() - began)
        return reply

    def _failed(self, outcome: str, problem: ProblemError) -> ProblemError:
        self._metrics.calls.labels(outcome).inc()
        return problem

    def _check_room(self, call: Call) -> None:
        at_door = [other for other in self._calls.values() if other.doorbell == call.doorbell]
        of_caller = sum(1 for other in self._calls.values() if other.caller == call.caller)
        with_tokens = sum(1 for other in at_door if other.caller.token_hash)
        if (
            len(at_door) >= _CALLS_PER_DOORBELL
            or of_caller >= _CALLS_PER_CALLER
            or (call.caller.token_hash and with_tokens >= _CALLS_WITH_TOKENS)
        ):
            self._metrics.calls.labels("full").inc()
            detail = "Too many calls at once. Hang up another one, or wait a little."
            raise ProblemError(503, "Too many calls", detail, headers={"Retry-After": "5"})

    def _count(self) -> None:
        self._metrics.active_calls.set(len(self._calls))


def _steps(end: End, phases: Iterable[Phase]) -> Iterator[tuple[End, PhaseName, int]]:
    """Those that this end can know, each once."""
    known = set(_PHASES[end])
    for phase in phases:
        if phase.name in known:
            known.discard(phase.name)
            yield end, phase.name, phase.ms


def _refused(reply: CallRefused) -> ProblemError:
    return ProblemError(reply.status, "The doorbell refused the call", reply.detail)
