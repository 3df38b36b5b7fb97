"""All calls: several phones at once, each with a life of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from aiortc import RTCIceServer

from device.services.call import Call, CallLimits
from device.services.call_gate import Admitted, CallGate
from device.services.desk import CallDesk, HouseholdDesk
from device.services.door_media import DoorMedia
from device.services.household_call import HouseholdCall
from device.services.rewind import Rewind
from media.addresses import ANY_NETWORK, Network
from media.peer import CodecError, DescriptionError, PeerGoneError
from media.warm import WarmPeers
from protocol.control import CallState, Trace
from protocol.door import DoorState
from protocol.link import CallAnswer, CallCandidate, CallRefused

log = logging.getLogger(__name__)

# What fits a `call_state` message.
VIEWERS_SHOWN = 32
DEFAULT_LIMITS = CallLimits()
_FULL = "{} phones are connected already. Try again when one of them has hung up."
_FULL_LINES = "{} phones manage the household now. Try again when one of them is done."
_REVOKED = "This phone lost the right to call at this moment. Ask an admin of the household."
_SEES = "It sees and hears the door."
_MANAGES = "It looks after the household, without picture or sound."
_IMPOSTOR = "The caller's certificate is not the one that was signed."
_NO_CODEC = (
    "The doorbell sends H.264 pictures and Opus sound, and the offer lacks one of them."
    " Use a current browser."
)
NO_SERVERS: Sequence[RTCIceServer] = ()


class Calls:
    """Answers phones. `run()` is the parent of every call; call nothing before it runs.

    `on_ended(call)` is called when a call that had been answered is over, `traced(trace)` when
    it is known how a call's start went.
    """

    def __init__(
        self,
        media: DoorMedia,
        desk: CallDesk,
        on_ended: Callable[[str], None],
        door: DoorState,
        *,
        gate: CallGate,
        household_desk: HouseholdDesk,
        limits: CallLimits = DEFAULT_LIMITS,
        ice_servers: Callable[[], Sequence[RTCIceServer]] = lambda: NO_SERVERS,
        network: Network = ANY_NETWORK,
        traced: Callable[[Trace], None] = lambda trace: None,
        rewind: Rewind | None = None,
    ) -> None:
        self._media = media
        self._desk = desk
        self._on_ended = on_ended
        self._door = door
        self._gate = gate
        self._household_desk = household_desk
        self._limits = limits
        self._peers = WarmPeers(ice_servers, network)
        self._traced = traced
        self._rewind = rewind or Rewind(media)
        self._calls: dict[str, Call | HouseholdCall] = {}
        self._group: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._calls)

    async def run(self) -> None:
        """Hold the calls until cancelled; then every call ends."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._keep_warm()
                await asyncio.Event().wait()
        finally:
            self._group = None

    def expect(self) -> None:
        """Somebody is at the door: a phone is likely to call."""
        self._peers.expect()

    async def answer(self, admitted: Admitted) -> CallAnswer | CallRefused:
        """Take a call or say why not; the caller is connected some time after the answer."""
        group = self._group
        if group is None:
            return _refused(admitted, 503, "The doorbell is starting or stopping. Call again.")
        if (refusal := self._reason_against(admitted)) is not None:
            return refusal
        call = self._calls[admitted.call] = self._make(admitted)
        try:
            answer: CallAnswer | CallRefused = await call.answer()
        except BaseException as error:
            await self._drop(call)
            if not isinstance(error, DescriptionError | PeerGoneError):
                raise
            return _refusal(admitted, error)
        if call.path.over:
            await self._drop(call)
            return _refused(admitted, 403, _REVOKED)
        group.create_task(self._hold(call))
        return answer

    def calling(self) -> set[str]:
        """The phones that see or hear the door now."""
        calls = (call for call in self._calls.values() if isinstance(call, Call) and call.started)
        return {call.admitted.phone.id for call in calls if call.admitted.phone is not None}

    def review(self) -> None:
        """The household has changed: end at once what is not allowed any more."""
        for call in tuple(self._calls.values()):
            if not self._gate.stands(call.admitted):
                log.info("call %s: ended, its caller may not call any more", call.id)
                call.path.hang_up()
            elif isinstance(call, Call) and not self._gate.may_talk(call.admitted):
                call.sound.deafen()

    async def candidate(self, candidate: CallCandidate) -> None:
        """A trickled candidate; one for an unknown call is too late and ignored."""
        if (call := self._calls.get(candidate.call)) is not None:
            call.path.add_candidate(candidate.candidate)

    async def hang_up(self, call: str) -> None:
        """End a call; an unknown one has ended already."""
        if (found := self._calls.get(call)) is not None:
            found.path.hang_up()

    def broadcast(self, door: DoorState) -> None:
        """Tell every phone how the door is now."""
        self._door = door
        self._push_all()

    def _make(self, admitted: Admitted) -> Call | HouseholdCall:
        pc = self._peers.take()
        call: Call | HouseholdCall
        if admitted.data_only and admitted.phone is not None:
            call = HouseholdCall(
                admitted, admitted.phone, self._household_desk, pc, self._limits.connect_s
            )
        else:
            call = Call(
                admitted, self._media, self._desk, self._push_all, self._limits, pc,
                self._traced, self._rewind,
            )  # fmt: skip
        words = _MANAGES if admitted.data_only else _SEES
        call.path.began = partial(self._gate.note, "call_began", admitted, words)
        return call

    def _reason_against(self, admitted: Admitted) -> CallRefused | None:
        if admitted.call in self._calls:
            return _refused(admitted, 409, "A call with this id exists already. Call again.")
        if self._make_room(admitted):
            return None
        if admitted.data_only:
            return _refused(admitted, 503, _FULL_LINES.format(self._limits.lines))
        return _refused(admitted, 503, _FULL.format(self._limits.calls))

    def _make_room(self, admitted: Admitted) -> bool:
        """Whether there is room for this call; the oldest of those that matter less gives way."""
        kind = HouseholdCall if admitted.data_only else Call
        limit = self._limits.lines if admitted.data_only else self._limits.calls
        others = [
            call for call in self._calls.values()
            if isinstance(call, kind) and not call.path.over
        ]  # fmt: skip
        if len(others) < limit:
            return True
        matters_less = self._less_line if admitted.data_only else self._less_call
        least = next((call for call in others if matters_less(call.admitted, admitted)), None)
        if least is not None:
            least.path.hang_up()
        return least is not None

    def _less_line(self, one: Admitted, other: Admitted) -> bool:
        """Nobody keeps the admins out; a phone's new line takes the place of its old one."""
        guest = self._gate.manages(other) and not self._gate.manages(one)
        return guest or one.who == other.who

    def _less_call(self, one: Admitted, other: Admitted) -> bool:
        """Whoever has got hold of a view token does not keep the household from its door."""
        return one.phone is None and other.phone is not None

    async def _drop(self, call: Call | HouseholdCall) -> None:
        """A call that never began."""
        del self._calls[call.id]
        await call.close()

    async def _keep_warm(self) -> None:
        try:
            await self._peers.run()
        except Exception:
            # Calls take a little longer to begin, and that is all.
            log.exception("no connection is kept ready any more")

    async def _hold(self, call: Call | HouseholdCall) -> None:
        try:
            await call.run()
        except Exception:
            # A fault in one call must not end the others.
            log.exception("call %s: ended by a fault", call.id)
        finally:
            self._forget(call)
            await call.close()

    def _forget(self, call: Call | HouseholdCall) -> None:
        del self._calls[call.id]
        log.info("call %s: over", call.id)
        if call.path.met_impostor:
            self._gate.note("call_refused", call.admitted, _IMPOSTOR)
        if call.started:
            words = f"It lasted {round(call.path.lasted_s)} s."
            self._gate.note("call_ended", call.admitted, words)
            if isinstance(call, Call):
                self._desk.call_ended(call.id)
        self._on_ended(call.id)
        # Whoever was cut off calls again at once.
        self.expect()
        self._push_all()

    def _push_all(self) -> None:
        calls = [call for call in self._calls.values() if isinstance(call, Call)]
        viewers = {call.id: call.viewer for call in calls}
        for call in calls:
            others = [viewer for id_, viewer in viewers.items() if viewer and id_ != call.id]
            call.push(
                CallState(
                    door=self._door, others=tuple(others[:VIEWERS_SHOWN]),
                    layer=call.picture.layer, pace=call.picture.pace, why=call.picture.why,
                )
            )  # fmt: skip


def _refusal(admitted: Admitted, error: Exception) -> CallRefused:
    if isinstance(error, CodecError):
        return _refused(admitted, 406, _NO_CODEC)
    status = 400 if isinstance(error, DescriptionError) else 503
    return _refused(admitted, status, str(error))


def _refused(admitted: Admitted, status: int, detail: str) -> CallRefused:
    log.info("call %s: refused (%d): %s", admitted.call, status, detail)
    return CallRefused(call=admitted.call, status=status, detail=detail)
