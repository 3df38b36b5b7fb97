"""One phone connected to the doorbell, from its offer to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCDataChannel

from device.services.call_files import CallFiles
from device.services.call_gate import Admitted
from device.services.call_latest import Latest
from device.services.call_path import CallPath
from device.services.call_picture import CallPicture
from device.services.call_sound import CallSound
from device.services.call_trace import CallTrace
from device.services.control import SILENCE_LIMIT_S, Controls
from device.services.desk import CallDesk, Line
from device.services.door_media import DoorMedia
from device.services.rewind import Rewind
from media.peer import Peer, unheard
from protocol.control import CallState, Trace, Viewer
from protocol.latest import Statistics
from protocol.link import CallAnswer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """`calls` at once; a call without a connection, or without a word of its phone, ends."""

    # A Raspberry Pi's uplink carries this many pictures; more would spoil it for all.
    calls: int = 8
    # Calls that manage the household carry a few messages; so many admins are at it at once.
    lines: int = 4
    # ICE and DTLS take seconds on a bad mobile network; after this the phone has given up itself.
    connect_s: float = 15.0
    silence_s: float = SILENCE_LIMIT_S
    # Of a viewer's reports: some programs send one every five seconds, give or take half.
    unheard_s: float = 10.0


class Call:
    """A life: `answer()`, `run()` until it is over, `close()`, which closes `pc` as well.

    `changed()` is called when what other phones see of this call changes, `traced(trace)` when
    it is known how its start went.
    A view token's caller gets picture and sound, opens no channel and is not listened to.
    """

    def __init__(
        self,
        admitted: Admitted,
        media: DoorMedia,
        desk: CallDesk,
        changed: Callable[[], None],
        limits: CallLimits,
        pc: Peer,
        traced: Callable[[Trace], None],
        rewind: Rewind,
    ) -> None:
        self.id = admitted.call
        self.admitted = admitted
        self.path = CallPath(admitted, pc, limits.connect_s)
        self.started = False
        self._desk = desk
        self._changed = changed
        self._limits = limits
        self._pc = pc
        phone = admitted.phone
        may_talk = phone is not None and "talk" in phone.rights
        self.picture = CallPicture(self.id, media, changed)
        self.sound = CallSound(self.id, media, may_talk, changed)
        self._trace = CallTrace(self.id, time.monotonic, traced)
        self._files = CallFiles(self.id, phone, admitted.answers, rewind)
        self._latest = Latest(self._statistics, self.picture.look)
        self._controls: Controls | None = None

    @property
    def viewer(self) -> Viewer | None:
        """What other phones see of this one."""
        phone = self.admitted.phone
        if phone is None or not self.started:
            return None
        return Viewer(name=phone.name, talking=self.sound.talking)

    async def answer(self) -> CallAnswer:
        """The answer to the phone's offer. Raises DescriptionError or CodecError."""
        kinds = self.admitted.kinds
        if "video" in kinds:
            self.picture.send_on(self._pc, self._trace.keyframe)
        if "audio" in kinds:
            self.sound.send_on(self._pc)
        self._pc.on("iceconnectionstatechange", self._note_ice)
        self._pc.on("connectionstatechange", self._note_connection)
        self._pc.on("datachannel", self._take_channel)
        answer, channel = await self.path.answer()
        self._trace.mark("gather")
        if "video" in kinds:
            self.picture.warm()
        if self.admitted.phone is not None:
            self._controls = Controls(
                Line(self.id, self.admitted.phone, channel), self._desk, self.sound.mute,
                self.path.hang_up, self._trace.join, self._limits.silence_s,
            )  # fmt: skip
        return answer

    def push(self, state: CallState) -> None:
        """Tell the phone how things are."""
        if self._controls is not None:
            self._controls.push(state)

    async def run(self) -> None:
        """Connect, and stay until one side hangs up, the path is gone or the phone falls silent."""
        try:
            await self.path.run(self._serve)
        finally:
            # While the server still knows the call.
            self._trace.close()

    async def close(self) -> None:
        """Free everything. May be called twice."""
        self._trace.close()
        self.picture.close()
        self.sound.close()
        await self.path.close()

    async def _serve(self) -> None:
        self.started = True
        self._desk.call_started(self.id, self.admitted.phone, self.admitted.answers)
        self._desk.hearing_changed(self.id, self.sound.heard)
        self._changed()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.sound.listen())
            group.create_task(self.picture.run(self._latest, self._controls is not None))
            group.create_task(self._trace.wait_for_phone())
            if self._controls is not None:
                group.create_task(self._controls.run())
                group.create_task(self._latest.run())
                group.create_task(self._files.run())
                group.create_task(self._await_silence(self._controls))
            else:
                group.create_task(self._await_unheard())

    def _note_ice(self) -> None:
        if self._pc.iceConnectionState == "completed":
            self._trace.mark("ice")

    def _note_connection(self) -> None:
        if self._pc.connectionState == "connected":
            self._trace.mark("dtls")

    def _statistics(self, heard: Statistics, round_trip_s: float | None) -> None:
        self.picture.statistics(heard, round_trip_s)
        self._files.statistics(heard, round_trip_s)

    async def _await_silence(self, controls: Controls) -> None:
        await controls.silence()
        log.info("call %s: the phone has fallen silent", self.id)
        self.path.hang_up()

    async def _await_unheard(self) -> None:
        await unheard(self._pc, self._limits.unheard_s, once=True)
        log.info("call %s: the viewer is not heard of any more", self.id)
        self.path.hang_up()

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
