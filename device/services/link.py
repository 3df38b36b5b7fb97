"""The doorbell's standing WebSocket to its server: comes back for ever, loses no report."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import NoReturn, Protocol, assert_never

import aiohttp

from device.services.call_gate import Admitted, NotAdmittedError
from device.services.outbox import Outbox
from protocol.base import LINK_FRAME_LIMIT_BYTES, PROTOCOL_VERSION
from protocol.calls import CallChallenge
from protocol.control import Trace
from protocol.door import DoorState
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity
from protocol.link import (
    CallAnswer,
    CallCandidate,
    CallEnded,
    CallHangUp,
    CallOffer,
    CallRefused,
    CallTraced,
    ChallengeGiven,
    ChallengeWanted,
    Confirmed,
    FromDoorbell,
    FromServer,
    Hello,
    Members,
    Occurrence,
    PairReply,
    PairStep,
    Refused,
    State,
    Welcome,
    parse_from_server,
)
from protocol.pairing import PairChallenge, Paired, PairingRequest, PairRefused

log = logging.getLogger(__name__)

LINK_PATH = "/api/v1/link"
# A home router forgets a silent connection after a minute or less.
PING_EVERY_S = 20.0
# Connecting through a bad mobile uplink takes seconds, not tens of them.
CONNECT_LIMIT_S = 15.0
# A polite end is worth a moment; a peer that is gone says nothing.
CLOSE_LIMIT_S = 2.0
# The server greets at once; one that does not is not ours.
WELCOME_LIMIT_S = 10.0
# A server that was restarted is back in seconds; one that is gone is not asked more than this.
RETRY_FIRST_S = 0.5
RETRY_LIMIT_S = 30.0
# A refusal is a person's decision; ask now and then whether it has changed.
REFUSED_RETRY_S = 300.0
# A server that asks for more patience than this has a wrong clock.
RETRY_AFTER_LIMIT_S = 3600.0

# A link that lived for less is no sign that the server is well, whatever it greeted us with.
STEADY_AFTER_S = 10.0

_ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED,
         aiohttp.WSMsgType.ERROR)  # fmt: skip

OnFault = Callable[[str | None], None]


class Gate(Protocol):
    """Who lets callers in. `admit` raises NotAdmittedError."""

    def challenge(self, phone: str) -> CallChallenge: ...
    def admit(self, offer: CallOffer) -> Admitted: ...


class CallTaker(Protocol):
    """Who answers phones."""

    async def answer(self, admitted: Admitted) -> CallAnswer | CallRefused: ...
    async def candidate(self, candidate: CallCandidate) -> None: ...
    async def hang_up(self, call: str) -> None: ...


class PairingSide(Protocol):
    """Who lets phones in."""

    def step(self, request: PairingRequest) -> PairChallenge | Paired | PairRefused: ...


class _LinkLostError(RuntimeError):
    """This connection is over; `wait_s` is how long to stay away, if the server said so."""

    def __init__(self, detail: str, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class Link:
    """`hello()` makes the first frame, `members()` is who belongs to the household now.

    `welcomed()` says that the server has greeted us, `told(phones)` that it has heard the farewells
    that stood in the hello.
    `on_fault(sentence)` says that the server is away or refuses us, `on_fault(None)` that it is
    there.
    """

    def __init__(
        self,
        server: str,
        identity: Identity,
        *,
        hello: Callable[[], Hello],
        members: Callable[[], Members],
        calls: CallTaker,
        gate: Gate,
        pairing: PairingSide,
        wall: Callable[[], float],
        on_fault: OnFault = lambda detail: None,
        told: Callable[[tuple[str, ...]], None] = lambda phones: None,
        welcomed: Callable[[], None] = lambda: None,
        jitter: random.Random | None = None,
    ) -> None:
        self._url = server.rstrip("/") + LINK_PATH
        self._identity = identity
        self._hello = hello
        self._members = members
        self._calls = calls
        self._gate = gate
        self._pairing = pairing
        self._wall = wall
        self._on_fault = on_fault
        self._told = told
        self._on_welcome = welcomed
        self._farewells: tuple[str, ...] = ()
        self._jitter = jitter or random.Random()
        self._tries = 0
        self._faulty = False
        self._welcomed = False
        self._outgoing: asyncio.Queue[FromDoorbell] | None = None
        self.outbox = Outbox()

    @property
    def connected(self) -> bool:
        """Whether the server has greeted us and is still there."""
        return self._welcomed

    def report(self, what: Occurrence) -> None:
        """Tell the server what must not be lost, now or when it is back."""
        self._say(self.outbox.add(what))

    def state(self, door: DoorState) -> None:
        """Tell how the door is now; the next hello says it again."""
        self._say(State(state=door))

    def members_changed(self) -> None:
        """Tell who belongs to the household now; the next hello says it again."""
        self._say(self._members())

    def call_ended(self, call: str) -> None:
        """Let the server forget a call."""
        self._say(CallEnded(call=call))

    def call_traced(self, trace: Trace) -> None:
        """Tell how a call's start went."""
        self._say(CallTraced(call=trace.call, phone=trace.phone, doorbell=trace.doorbell))

    async def run(self) -> NoReturn:
        """Be connected as well as the world allows, until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                wait_s = await self._be_connected(session)
                self._tries += 1
                await asyncio.sleep(self._pause_s() if wait_s is None else wait_s)

    async def _be_connected(self, session: aiohttp.ClientSession) -> float | None:
        """One connection from dialling to its end; how long the server asks us to stay away."""
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                socket = await self._dial(session)
            async with socket:
                await self._talk(socket)
        except _LinkLostError as lost:
            self._is_away(str(lost))
            return lost.wait_s
        except TimeoutError:
            self._is_away(f"The server at {self._url} does not answer.")
        return None

    async def _dial(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        token = self._identity.token("link", self._wall())
        try:
            return await session.ws_connect(
                self._url,
                headers={"Authorization": f"Bearer {token}"},
                heartbeat=PING_EVERY_S,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_LIMIT_S),
                max_msg_size=LINK_FRAME_LIMIT_BYTES,
            )
        except aiohttp.WSServerHandshakeError as error:
            detail = f"The server at {self._url} turns the doorbell away ({error.status})."
            raise _LinkLostError(detail, self._asked_pause_s(error.headers)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _LinkLostError(f"The server at {self._url} cannot be reached.") from error

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak and listen until the connection is lost; raises _LinkLostError."""
        outgoing: asyncio.Queue[FromDoorbell] = asyncio.Queue()
        hello = self._hello()
        self._farewells = hello.members.forgotten
        outgoing.put_nowait(hello)
        for report in self.outbox.waiting:
            outgoing.put_nowait(report)
        self._outgoing = outgoing
        began = asyncio.get_running_loop().time()
        lost = _LinkLostError("The link to the server broke.")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_write(socket, outgoing))
                await self._read(socket, group)
        except* _LinkLostError as losses:
            lost = next(e for e in losses.exceptions if isinstance(e, _LinkLostError))
        finally:
            self._outgoing, self._welcomed = None, False
        if asyncio.get_running_loop().time() - began >= STEADY_AFTER_S:
            self._tries = 0
        raise lost

    async def _read(
        self, socket: aiohttp.ClientWebSocketResponse, group: asyncio.TaskGroup
    ) -> None:
        try:
            async with asyncio.timeout(WELCOME_LIMIT_S) as patience:
                while (frame := await socket.receive()).type not in _ENDS:
                    if (message := _understood(frame)) is None:
                        continue
                    if isinstance(message, Welcome):
                        patience.reschedule(None)
                    await self._take(message, group)
        except TimeoutError as error:
            raise _LinkLostError(f"The server at {self._url} does not greet.") from error
        why = frame.extra if isinstance(frame.extra, str) else ""
        raise _LinkLostError(f"The server closed the link. {why}".rstrip())

    async def _take(self, message: FromServer, group: asyncio.TaskGroup) -> None:
        match message:
            case Welcome():
                self._is_there(message)
            case Confirmed(epoch=epoch, sequence=sequence):
                self.outbox.confirm(epoch, sequence)
            case ChallengeWanted(ask=ask, phone=phone):
                self._say(ChallengeGiven(ask=ask, challenge=self._gate.challenge(phone)))
            case CallOffer():
                # Gathering takes a while; the link must not wait for it.
                group.create_task(self._answer(message))
            case CallCandidate():
                await self._calls.candidate(message)
            case CallHangUp(call=call):
                await self._calls.hang_up(call)
            case PairStep(step=step, message=request):
                self._say(PairReply(step=step, reply=self._pairing.step(request)))
            case Refused(detail=detail, retry=retry):
                raise _LinkLostError(
                    f"The server refuses the doorbell: {detail}", None if retry else REFUSED_RETRY_S
                )
            case _:
                assert_never(message)

    async def _answer(self, offer: CallOffer) -> None:
        answer: CallAnswer | CallRefused
        try:
            answer = await self._calls.answer(self._gate.admit(offer))
        except NotAdmittedError as error:
            answer = CallRefused(call=offer.call, status=error.status, detail=str(error)[:300])
        except Exception:
            # A fault in one call must not end the link.
            log.exception("call %s: not answered because of a fault", offer.call)
            detail = "The doorbell could not answer because of a fault of its own. Call again."
            answer = CallRefused(call=offer.call, status=500, detail=detail)
        self._say(answer)

    def _say(self, message: FromDoorbell) -> None:
        if self._outgoing is not None:
            self._outgoing.put_nowait(message)

    def _is_there(self, welcome: Welcome) -> None:
        log.info("linked to %s", self._url)
        if welcome.version != PROTOCOL_VERSION:
            log.warning("the server speaks version %d, we speak %d; update the older one",
                        welcome.version, PROTOCOL_VERSION)  # fmt: skip
        self._welcomed = True
        self._on_welcome()
        if self._farewells:
            self._told(self._farewells)
            self._farewells = ()
        if self._faulty:
            self._faulty = False
            self._on_fault(None)

    def _is_away(self, detail: str) -> None:
        if not self._faulty:
            log.warning("%s The doorbell rings on and tries again.", detail)
        self._faulty = True
        self._on_fault(detail[:300])

    def _pause_s(self) -> float:
        """Full jitter: many doorbells that lost one server must not come back together."""
        ceiling = min(RETRY_LIMIT_S, RETRY_FIRST_S * 2.0 ** min(self._tries, 16))
        return self._jitter.uniform(0, ceiling)

    def _asked_pause_s(self, headers: object) -> float | None:
        """What Retry-After asks for in seconds (RFC 9110 section 10.2.3), if it does."""
        retry_after = headers.get("Retry-After", "") if isinstance(headers, Mapping) else ""
        if not retry_after.isdigit():
            return None
        return min(float(retry_after), RETRY_AFTER_LIMIT_S) + self._pause_s()


def _understood(frame: aiohttp.WSMessage) -> FromServer | None:
    """The message of a frame; what is not in the protocol is logged and ignored."""
    if frame.type is not aiohttp.WSMsgType.TEXT:
        log.warning("a frame of the server is no text; it is ignored")
        return None
    try:
        return parse_from_server(frame.data)
    except RemoteProtocolError as error:
        log.warning("a frame of the server is not in the protocol: %s", error)
        return None


async def _write(
    socket: aiohttp.ClientWebSocketResponse, outgoing: asyncio.Queue[FromDoorbell]
) -> None:
    while True:
        message = await outgoing.get()
        try:
            await socket.send_str(message.model_dump_json())
        except (aiohttp.ClientError, OSError) as error:
            raise _LinkLostError("The link to the server broke.") from error
