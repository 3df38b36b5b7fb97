"""The composition root: opens the board, builds the services, and is the parent of them all."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device import memory, wiring
from device.core import events as e
from device.errors import StartError
from device.services.admin import SOCKET_NAME, AdminServer
from device.services.audit import AuditLog
from device.services.call_gate import CallGate
from device.services.calls import Calls
from device.services.clock import Clock
from device.services.door_media import DoorMedia
from device.services.doorbell import NOBODY_WAITS, Audience, Doorbell
from device.services.front_desk import FrontDesk, wish_of
from device.services.health import Health, summary
from device.services.household_desk import HouseholdCounter
from device.services.ice import BorrowedIce
from device.services.link import Link
from device.services.moment import picture_at
from device.services.mqtt_topics import Command
from device.services.opening import Opener
from device.services.pairing import Pairing
from device.services.passkeys import Passkeys
from device.services.power import Power
from device.services.replies import Replies
from device.services.rewind import Rewind
from device.services.storage import Storage
from device.services.terminal import Terminal
from device.services.unlock import AUTOMATION, UnlockDesk
from device.services.update_mailbox import running_version
from device.services.uplink import Uplink
from device.settings import Settings
from hardware.board import Board
from hardware.errors import HardwareError
from media.still import StillError
from protocol.base import PROTOCOL_VERSION
from protocol.control import Trace
from protocol.door import Phone
from protocol.link import Hello
from protocol.pairing import Invitation

if TYPE_CHECKING:
    from device.services.mqtt import Mqtt

log = logging.getLogger(__name__)

# A closed visit should reach the server before we go, but systemd's patience is short.
FAREWELL_LIMIT_S = 3.0
# In this time everyone who listens has sent what they heard, when the way is open.
HEARD_AFTER_S = 0.2
# By then the visitor looks up from the button.
PICTURE_AFTER_S = 0.2

Reply = dict[str, object]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What `run` tells when the doorbell is ready; `pairing_link` only while no phone is paired."""

    name: str
    board: str
    server: str
    state: Path
    pairing_link: str | None
    absent: Mapping[str, str]
    """Parts that are not there, each with a sentence."""


async def serve(settings: Settings, greet: Callable[[Greeting], None]) -> None:
    """Be a doorbell until SIGTERM or SIGINT. StartError when that is not possible."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as life:
        # The socket first: it tells whether another doorbell lives in this folder.
        admin = AdminServer(wiring.state_folder(settings) / SOCKET_NAME)
        await life.enter_async_context(admin)
        # A folder that cannot be read is told before any part is touched.
        wiring.identity_in(wiring.state_folder(settings))
        board = wiring.board_of(settings)
        try:
            await life.enter_async_context(board)
        except HardwareError as error:
            raise StartError(str(error)) from error
        house = House(settings, board)
        terminal = house.terminal
        admin.serve(
            {"status": house.status, "exported": house.exported, **terminal.commands},
            terminal.word_commands,
        )
        await house.live(stop, greet)


class House:
    """All services of one doorbell, wired to each other. The board's parts are open."""

    def __init__(self, settings: Settings, board: Board) -> None:
        self._settings, self._board = settings, board
        self._trust = wiring.trust_of(settings)
        self._clock = Clock(trusted=self._trust)
        self._identity = wiring.identity_in(wiring.state_folder(settings))
        self._keep_household()
        self._health = Health()
        self._media = DoorMedia(
            board, self._fault, settings.visits.pre_roll_s, wiring.floors_of(settings)
        )
        self._rewind = Rewind(self._media, self._phone)
        self._replies = Replies(self._media.mixer, settings.doorbell.language)
        self._doorbell = Doorbell(
            board, wiring.policy_of(settings), clock=self._clock,
            picture=self._picture, speak=self._replies.speak,
        )  # fmt: skip
        self._storage = Storage(wiring.state_folder(settings), self._storage_fault)
        self._power = Power(self._power_fault)
        self._updates = wiring.updates_of(
            settings, self._clock, self._audit, lambda: self._doorbell.busy
        )
        self._opener = Opener(self._audit, self._doorbell)
        self._unlocks = UnlockDesk(
            self._identity, self._household, self._audit, self._opener, self._passkeys,
            monotonic=self._clock.monotonic, wall=self._clock.wall,
        )  # fmt: skip
        desk = FrontDesk(self._doorbell, self._household, self._unlocks, self._audit, board.speaker)
        self._take_calls(desk)
        self._mqtt = self._broker()
        self._introduce()

    def _keep_household(self) -> None:
        """The log first: it hears of everything, also of a reset."""
        settings, monotonic = self._settings, self._clock.monotonic
        self._audit = AuditLog(
            wiring.audit_book(wiring.state_folder(settings), self._identity),
            wiring.stamp_of(self._clock), on_fault=self._log_fault, software=wiring.software(),
        )  # fmt: skip
        self._household = wiring.household_in(settings, self._clock, self._audit)
        self._pairing = Pairing(
            self._identity, settings.doorbell.name, self._household, monotonic, self._audit
        )
        self._passkeys = Passkeys(
            self._household, self._identity.id, settings.server.pairing_url, monotonic
        )

    def _take_calls(self, desk: FrontDesk) -> None:
        """What goes over the network to phones and to the server."""
        server, network = self._settings.server.url, self._settings.media.network
        gate = CallGate(self._identity, self._household, self._clock.monotonic, self._audit)
        self._ice = BorrowedIce(server, self._identity, self._clock.wall)
        self._counter = HouseholdCounter(
            self._household, self._pairing, self._audit, self._passkeys,
            calling=lambda: self._calls.calling(), link_of=self._link_of, software=self._updates,
        )  # fmt: skip
        self._calls = Calls(
            self._media, desk, self._call_ended, self._doorbell.door,
            gate=gate, household_desk=self._counter, ice_servers=self._ice.servers,
            network=network, traced=self._call_traced, rewind=self._rewind,
        )  # fmt: skip
        self._link = Link(
            server, self._identity, hello=self._hello, members=self._household.members,
            calls=self._calls, gate=gate, pairing=self._pairing, wall=self._clock.wall,
            on_fault=self._server_fault, told=self._farewells_told, welcomed=self._ice.hurry,
        )  # fmt: skip
        # Whoever may not see the door any more is cut off before the server hears of it.
        self._household.watch(self._calls.review)
        self._household.watch(self._link.members_changed)
        self._uplink = Uplink(
            self._media, server, self._identity, self._fault,
            ice_servers=self._ice.servers, network=network,
        )  # fmt: skip

    async def live(self, stop: asyncio.Event, greet: Callable[[Greeting], None]) -> None:
        """Run everything until `stop`; then say goodbye in order. The log hears of all of it."""
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._audit.run())
            await self._live(stop, greet)
            keeper.cancel()

    async def _live(self, stop: asyncio.Event, greet: Callable[[Greeting], None]) -> None:
        lives = self._lives()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(life()) for life in lives]
            greet(self._greeting())
            self._health.ready()
            # What was loaded at the start stays; a full collection would stop sound for a moment.
            gc.collect()
            gc.freeze()
            gc.enable()
            await asyncio.to_thread(memory.forget_start)
            await stop.wait()
            log.info("stopping")
            self._health.stopping()
            await self._say_goodbye()
            for task in tasks:
                task.cancel()

    @property
    def terminal(self) -> Terminal:
        """What can be asked about phones."""
        return Terminal(self._household, self._pairing, self._link_of)

    def status(self) -> Reply:
        """The doorbell in a few words, for the terminal."""
        door = self._doorbell.door
        return {
            "name": self._settings.doorbell.name,
            "version": running_version(),
            "busy": self._doorbell.busy,
            "summary": summary(door),
            "linked": self._link.connected,
            "phones": [known.phone.name for known in self._household.phones],
            "faults": {fault.part: fault.detail for fault in door.faults},
        }

    def exported(self) -> Reply:
        """Somebody takes a copy of the audit log, all that was counted included."""
        self._audit.sum_up()
        self._audit.note("exported")
        return {}

    def _lives(self) -> list[Callable[[], Coroutine[None, None, None]]]:
        """Media before those who take from it; the doorbell last, when all listen."""
        lives = [self._trust.run, self._household.run, self._counter.run, self._media.run,
                 self._rewind.run, self._replies.run, self._ice.run, self._calls.run,
                 self._storage.run, self._power.run, self._uplink.run, self._link.run,
                 self._updates.run, self._health.run]  # fmt: skip
        if self._mqtt is not None:
            lives.append(self._mqtt.run)
        return [*lives, self._doorbell.run]

    def _introduce(self) -> None:
        """Who is told what; the link comes early, as it rings the phones."""
        self._doorbell.join(Audience(state=self._opener.state))
        self._doorbell.join(Audience(occurred=self._link.report, state=self._link.state))
        self._doorbell.join(self._recorder())
        rewind = self._rewind
        self._doorbell.join(
            Audience(occurred=rewind.occurred, opened=rewind.opened, closed=rewind.closed)
        )
        self._doorbell.join(
            Audience(opened=lambda visit: self._calls.expect(), state=self._calls.broadcast)
        )
        self._doorbell.join(Audience(state=self._health.state))
        if (mqtt := self._mqtt) is not None:
            self._updates.watch(mqtt.software)
            self._doorbell.join(Audience(
                mqtt.occurred, mqtt.state, lambda visit, jpeg: mqtt.snapshot(jpeg), held=mqtt.held,
            ))  # fmt: skip

    def _recorder(self) -> Audience:
        uplink = self._uplink
        return Audience(opened=uplink.start, closed=uplink.stop, snapshot=uplink.put_snapshot)

    def _broker(self) -> Mqtt | None:
        mqtt = self._settings.mqtt
        if mqtt.host is None:
            return None
        # Its libraries are of use only to those who have a broker.
        from device.services.mqtt import Mqtt
        from device.services.mqtt_unlock import BrokerUnlock

        household = self._household
        lock = BrokerUnlock(
            lambda: household.rules.unlock_mqtt, self._unlocks.open_for_automation, self._audit
        )
        household.watch(lock.review)
        return Mqtt(
            mqtt, self._identity.id, self._settings.doorbell.name, wiring.software(),
            self._automate, lock=lock, on_fault=self._broker_fault,
            install=self._update_by_automation if self._updates.enabled else None,
        )  # fmt: skip

    async def _say_goodbye(self) -> None:
        """Close the visit while the link is still there to tell of it."""
        self._doorbell.put(e.Stopping())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_LIMIT_S):
                await asyncio.sleep(HEARD_AFTER_S)
                if self._link.connected:
                    await self._link.outbox.emptied()

    async def _picture(self, at: float) -> bytes | None:
        try:
            return await picture_at(self._media.video, round((at + PICTURE_AFTER_S) * 1e6))
        except StillError as error:
            log.warning("no picture of the moment: %s", error)
            return None

    def _hello(self) -> Hello:
        return Hello(
            version=PROTOCOL_VERSION,
            device_id=self._identity.id,
            name=self._settings.doorbell.name,
            software=wiring.software(),
            members=self._household.members(),
            state=self._doorbell.door,
        )

    def _phone(self, phone: str) -> Phone | None:
        return self._household.effective(phone)

    def _link_of(self, invitation: Invitation) -> str:
        return f"{self._settings.server.pairing_url}/#{invitation.fragment()}"

    def _greeting(self) -> Greeting:
        return Greeting(
            name=self._settings.doorbell.name,
            board=self._settings.doorbell.board,
            server=self._settings.server.url,
            state=wiring.state_folder(self._settings),
            pairing_link=None if self._household.phones else self._link_of(self._pairing.invite()),
            absent={part: str(why) for part, why in self._board.absent().items()},
        )

    # Called by services that are built before the one they tell.

    def _fault(self, part: wiring.Part, detail: str | None) -> None:
        self._doorbell.fault(part, detail)

    def _log_fault(self, detail: str | None) -> None:
        self._doorbell.fault("log", detail)

    def _storage_fault(self, detail: str | None) -> None:
        self._doorbell.fault("storage", detail)

    def _power_fault(self, detail: str | None) -> None:
        self._doorbell.fault("power", detail)

    def _server_fault(self, detail: str | None) -> None:
        self._doorbell.fault("server", detail)

    def _broker_fault(self, detail: str | None) -> None:
        self._doorbell.fault("broker", detail)

    def _automate(self, command: Command) -> None:
        """The broker may ask for what is harmless; nobody waits for the outcome."""
        self._doorbell.put(e.Wanted(NOBODY_WAITS, AUTOMATION, wish_of(command)))

    def _update_by_automation(self) -> None:
        """Harmless enough: it is signed, newer, and waits for a quiet moment."""
        if refusal := self._updates.install(who=AUTOMATION.id, name=AUTOMATION.name):
            log.warning("the broker's update is not installed: %s", refusal)

    def _farewells_told(self, phones: tuple[str, ...]) -> None:
        try:
            self._household.farewells_told(phones)
        except OSError as error:
            # They are told once more after the next start.
            log.warning("that phones were told cannot be written down: %s", error)

    def _call_traced(self, trace: Trace) -> None:
        self._link.call_traced(trace)

    def _call_ended(self, call: str) -> None:
        self._link.call_ended(call)
