"""One phone connected to the doorbell, from its offer to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCDataChannel

from device.services.call_files import CallFiles
from device.services.call_latest import Latest
from device.services.call_picture import CallPicture
from device.services.call_sound import CallSound
from device.services.call_trace import CallTrace
from device.services.control import SILENCE_LIMIT_S, Controls
from device.services.desk import CallDesk
from device.services.door_media import DoorMedia
from device.services.rewind import Rewind
from media.peer import (
    DescriptionError,
    Peer,
    PeerGoneError,
    accept_offer,
    add_candidate,
    close_peer,
    connected,
    gone,
    read_offer,
    split_slow_candidates,
    unheard,
)
from protocol.control import CallState, Trace, Viewer
from protocol.latest import Statistics
from protocol.link import CallOffer

log = logging.getLogger(__name__)

# A browser has a dozen addresses; more are an attempt to keep us busy.
CANDIDATE_LIMIT = 64


@dataclass(frozen=True, slots=True)
class CallLimits:
    """`calls` at once; a call without a connection, or without a word of its phone, ends."""

    # A Raspberry Pi's uplink carries this many pictures; more would spoil it for all.
    calls: int = 8
    # ICE and DTLS take seconds on a bad mobile network; after this the phone has given up itself.
    connect_s: float = 15.0
    silence_s: float = SILENCE_LIMIT_S
    # Of a viewer's reports: some programs send one every five seconds, give or take half.
    unheard_s: float = 10.0


class Call:
    """A life: `answer()`, `run()` until it is over, `close()`, which closes `pc` as well.

    `changed()` is called when what other phones see of this call changes, `traced(trace)` when
    it is known how its start went.
    A caller without a phone is a viewer: it gets picture and sound and is not listened to.
    """

    def __init__(
        self,
        offer: CallOffer,
        media: DoorMedia,
        desk: CallDesk,
        changed: Callable[[], None],
        limits: CallLimits,
        pc: Peer,
        traced: Callable[[Trace], None],
        rewind: Rewind,
    ) -> None:
        self.id = offer.call
        self.phone = offer.phone
        self.started = False
        self._offer = offer
        self._desk = desk
        self._changed = changed
        self._limits = limits
        self._pc = pc
        self._over = asyncio.Event()
        self._candidates: asyncio.Queue[str] = asyncio.Queue(CANDIDATE_LIMIT)
        may_talk = offer.phone is not None and "talk" in offer.phone.rights
        self.picture = CallPicture(self.id, media, changed)
        self._sound = CallSound(self.id, media, may_talk, changed)
        self._trace = CallTrace(self.id, time.monotonic, traced)
        self._files = CallFiles(self.id, offer.phone, offer.answers, rewind)
        self._latest = Latest(self._statistics, self.picture.look)
        self._controls = (
            Controls(
                self.id, offer.phone, desk, self._sound.mute, self.hang_up, self._trace.join,
                limits.silence_s,
            )
            if offer.phone is not None
            else None
        )  # fmt: skip

    @property
    def viewer(self) -> Viewer | None:
        """What other phones see of this one."""
        if self.phone is None or not self.started:
            return None
        return Viewer(name=self.phone.name, talking=self._sound.talking)

    async def answer(self) -> str:
        """The answer to the phone's offer. Raises DescriptionError or CodecError."""
        sections = {media.kind for media in read_offer(self._offer.sdp).media}
        if "video" in sections:
            self.picture.send_on(self._pc, self._trace.keyframe)
        if "audio" in sections:
            self._sound.send_on(self._pc)
        self._pc.on("iceconnectionstatechange", self._note_ice)
        self._pc.on("datachannel", self._take_channel)
        sdp, slow = split_slow_candidates(self._offer.sdp)
        answer = await accept_offer(self._pc, sdp)
        self._trace.mark("gather")
        if "video" in sections:
            self.picture.warm()
        for candidate in slow:
            self.add_candidate(candidate)
        return answer

    def add_candidate(self, candidate: str) -> None:
        """A trickled candidate; taken while the call connects."""
        try:
            self._candidates.put_nowait(candidate)
        except asyncio.QueueFull:
            log.info("call %s: more candidates than a phone has", self.id)

    def hang_up(self) -> None:
        """End the call. May be called twice."""
        self._over.set()

    def push(self, state: CallState) -> None:
        """Tell the phone how things are."""
        if self._controls is not None:
            self._controls.push(state)

    async def run(self) -> None:
        """Connect, and stay until one side hangs up, the path is gone or the phone falls silent."""
        async with asyncio.TaskGroup() as group:
            life = group.create_task(self._life())
            await self._over.wait()
            life.cancel()

    async def close(self) -> None:
        """Free everything. May be called twice."""
        self._over.set()
        self._trace.close()
        self.picture.close()
        self._sound.close()
        await close_peer(self._pc)

    async def _life(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                candidates = group.create_task(self._take_candidates())
                async with asyncio.timeout(self._limits.connect_s):
                    await connected(self._pc)
                self._trace.mark("dtls")
                self.started = True
                self._desk.call_started(self.id, self.phone, self._offer.answers)
                self._changed()
                log.info("call %s: connected", self.id)
                await self._talk()
                candidates.cancel()
        except* (TimeoutError, PeerGoneError):
            log.info("call %s: the phone could not be reached", self.id)
        finally:
            # While the server still knows the call.
            self._trace.close()
            self._over.set()

    async def _talk(self) -> None:
        """Serve the connected phone until its path is gone."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._sound.listen()),
                group.create_task(self.picture.run(self._latest, self._controls is not None)),
                group.create_task(self._trace.wait_for_phone()),
            ]
            if self._controls is not None:
                tasks.append(group.create_task(self._controls.run()))
                tasks.append(group.create_task(self._latest.run()))
                tasks.append(group.create_task(self._files.run()))
                tasks.append(group.create_task(self._await_silence(self._controls)))
            else:
                tasks.append(group.create_task(self._await_unheard()))
            await gone(self._pc)
            for task in tasks:
                task.cancel()

    def _note_ice(self) -> None:
        if self._pc.iceConnectionState == "completed":
            self._trace.mark("ice")

    def _statistics(self, heard: Statistics, round_trip_s: float | None) -> None:
        self.picture.statistics(heard, round_trip_s)
        self._files.statistics(heard, round_trip_s)

    async def _await_silence(self, controls: Controls) -> None:
        await controls.silence()
        log.info("call %s: the phone has fallen silent", self.id)
        self.hang_up()

    async def _await_unheard(self) -> None:
        await unheard(self._pc, self._limits.unheard_s, once=True)
        log.info("call %s: the viewer is not heard of any more", self.id)
        self.hang_up()

    async def _take_candidates(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CANDIDATE_LIMIT):
                group.create_task(self._try_candidate(await self._candidates.get()))

    async def _try_candidate(self, candidate: str) -> None:
        try:
            await add_candidate(self._pc, candidate)
        except DescriptionError as error:
            log.info("call %s: %s", self.id, error)

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if self._controls is None:
            channel.close()
        elif channel.label == "control":
            self._controls.attach(channel)
        elif channel.label == "latest":
            self._latest.attach(channel)
        elif channel.label == "files":
            self._files.attach(channel)
        else:
            channel.close()
