"""All calls: several phones at once, each with a life of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiortc import RTCIceServer

from device.services.call import Call, CallLimits
from device.services.desk import CallDesk
from device.services.door_media import DoorMedia
from device.services.rewind import Rewind
from media.addresses import ANY_NETWORK, Network
from media.peer import CodecError, DescriptionError, PeerGoneError
from media.warm import WarmPeers
from protocol.control import CallState, Trace
from protocol.door import DoorState
from protocol.link import CallAnswer, CallCandidate, CallOffer, CallRefused

log = logging.getLogger(__name__)

# What fits a `call_state` message.
VIEWERS_SHOWN = 32
DEFAULT_LIMITS = CallLimits()
_FULL = "{} phones are connected already. Try again when one of them has hung up."
_NO_VIEW = "This phone may not see the door. A phone that administers the household can allow it."
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
        self._limits = limits
        self._peers = WarmPeers(ice_servers, network)
        self._traced = traced
        self._rewind = rewind or Rewind(media)
        self._calls: dict[str, Call] = {}
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

    async def answer(self, offer: CallOffer) -> CallAnswer | CallRefused:
        """Take a call or say why not; the caller is connected some time after the answer."""
        group = self._group
        if group is None:
            return _refused(offer, 503, "The doorbell is starting or stopping. Call again.")
        if (refusal := self._reason_against(offer)) is not None:
            return refusal
        call = Call(
            offer, self._media, self._desk, self._push_all, self._limits, self._peers.take(),
            self._traced, self._rewind,
        )  # fmt: skip
        self._calls[call.id] = call
        try:
            answer = CallAnswer(call=call.id, sdp=await call.answer())
        except BaseException as error:
            del self._calls[call.id]
            await call.close()
            if not isinstance(error, DescriptionError | PeerGoneError):
                raise
            return _refusal(offer, error)
        group.create_task(self._hold(call))
        return answer

    async def candidate(self, candidate: CallCandidate) -> None:
        """A trickled candidate; one for an unknown call is too late and ignored."""
        if (call := self._calls.get(candidate.call)) is not None:
            call.add_candidate(candidate.candidate)

    async def hang_up(self, call: str) -> None:
        """End a call; an unknown one has ended already."""
        if (found := self._calls.get(call)) is not None:
            found.hang_up()

    def broadcast(self, door: DoorState) -> None:
        """Tell every phone how the door is now."""
        self._door = door
        self._push_all()

    def _reason_against(self, offer: CallOffer) -> CallRefused | None:
        if offer.call in self._calls:
            return _refused(offer, 409, "A call with this id exists already. Call again.")
        if len(self._calls) >= self._limits.calls:
            return _refused(offer, 503, _FULL.format(self._limits.calls))
        if offer.phone is not None and "view" not in offer.phone.rights:
            return _refused(offer, 403, _NO_VIEW)
        return None

    async def _keep_warm(self) -> None:
        try:
            await self._peers.run()
        except Exception:
            # Calls take a little longer to begin, and that is all.
            log.exception("no connection is kept ready any more")

    async def _hold(self, call: Call) -> None:
        try:
            await call.run()
        except Exception:
            # A fault in one call must not end the others.
            log.exception("call %s: ended by a fault", call.id)
        finally:
            self._forget(call)
            await call.close()

    def _forget(self, call: Call) -> None:
        del self._calls[call.id]
        log.info("call %s: over", call.id)
        if call.started:
            self._desk.call_ended(call.id)
        self._on_ended(call.id)
        # Whoever was cut off calls again at once.
        self.expect()
        self._push_all()

    def _push_all(self) -> None:
        viewers = {call.id: call.viewer for call in self._calls.values()}
        for call in self._calls.values():
            others = [viewer for id_, viewer in viewers.items() if viewer and id_ != call.id]
            call.push(
                CallState(
                    door=self._door, others=tuple(others[:VIEWERS_SHOWN]),
                    layer=call.picture.layer, pace=call.picture.pace, why=call.picture.why,
                )
            )  # fmt: skip


def _refusal(offer: CallOffer, error: Exception) -> CallRefused:
    if isinstance(error, CodecError):
        return _refused(offer, 406, _NO_CODEC)
    status = 400 if isinstance(error, DescriptionError) else 503
    return _refused(offer, status, str(error))


def _refused(offer: CallOffer, status: int, detail: str) -> CallRefused:
    log.info("call %s: refused (%d): %s", offer.call, status, detail)
    return CallRefused(call=offer.call, status=status, detail=detail)
