"""One phone connected to the doorbell, from its offer to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from aiortc import MediaStreamTrack, RTCDataChannel, RTCIceServer
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from device.services.control import SILENCE_LIMIT_S, Controls
from device.services.desk import CallDesk
from device.services.door_media import DoorMedia
from media.frames import EncodedFrame
from media.hub import FrameHub
from media.mixer import mono
from media.outgoing import PassthroughTrack, send_passthrough
from media.peer import (
    DescriptionError,
    PeerGoneError,
    accept_offer,
    add_candidate,
    close_peer,
    connected,
    gone,
    open_peer,
    read_offer,
    split_slow_candidates,
)
from protocol.control import CallState, Viewer
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


class Call:
    """A life: `answer()`, `run()` until it is over, `close()`.

    `changed()` is called when what other phones see of this call changes.
    A caller without a phone is a viewer: it gets picture and sound and is not listened to.
    """

    def __init__(
        self,
        offer: CallOffer,
        media: DoorMedia,
        desk: CallDesk,
        changed: Callable[[], None],
        limits: CallLimits,
        ice_servers: Sequence[RTCIceServer],
    ) -> None:
        self.id = offer.call
        self.phone = offer.phone
        self.started = False
        self._offer = offer
        self._media = media
        self._desk = desk
        self._changed = changed
        self._limits = limits
        self._pc = open_peer(ice_servers)
        self._over = asyncio.Event()
        self._candidates: asyncio.Queue[str] = asyncio.Queue(CANDIDATE_LIMIT)
        self._sound: PassthroughTrack | None = None
        self._remote_sound: MediaStreamTrack | None = None
        self._voice = media.mixer.join()
        self._talking = False
        self._controls = (
            Controls(self.id, offer.phone, desk, self._mute, self.hang_up, limits.silence_s)
            if offer.phone is not None
            else None
        )

    @property
    def viewer(self) -> Viewer | None:
        """What other phones see of this one."""
        if self.phone is None or not self.started:
            return None
        return Viewer(name=self.phone.name, talking=self._talking)

    async def answer(self) -> str:
        """The answer to the phone's offer. Raises DescriptionError or CodecError."""
        sections = {media.kind for media in read_offer(self._offer.sdp).media}
        if "video" in sections:
            track = PassthroughTrack("video", _live_frames(self._media.video))
            send_passthrough(self._pc, track, self._media.video.request_keyframe)
        if "audio" in sections:
            self._sound = PassthroughTrack("audio", _live_frames(self._media.sound))
            send_passthrough(self._pc, self._sound, listen=self._may_talk)
        self._pc.on("track", self._take_track)
        self._pc.on("datachannel", self._take_channel)
        sdp, slow = split_slow_candidates(self._offer.sdp)
        answer = await accept_offer(self._pc, sdp)
        if "video" in sections:
            # Coded while the transport connects, so that the first frame need not be waited for.
            self._media.video.request_keyframe()
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
        self._media.mixer.leave(self._voice)
        await close_peer(self._pc)

    @property
    def _may_talk(self) -> bool:
        return self.phone is not None and "talk" in self.phone.rights

    async def _life(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                candidates = group.create_task(self._take_candidates())
                async with asyncio.timeout(self._limits.connect_s):
                    await connected(self._pc)
                self.started = True
                self._desk.call_started(self.id, self.phone, self._offer.answers)
                self._changed()
                log.info("call %s: connected", self.id)
                await self._talk()
                candidates.cancel()
        except* (TimeoutError, PeerGoneError):
            log.info("call %s: the phone could not be reached", self.id)
        finally:
            self._over.set()

    async def _talk(self) -> None:
        """Serve the connected phone until its path is gone."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._listen())]
            if self._controls is not None:
                tasks.append(group.create_task(self._controls.run()))
                tasks.append(group.create_task(self._await_silence(self._controls)))
            await gone(self._pc)
            for task in tasks:
                task.cancel()

    async def _await_silence(self, controls: Controls) -> None:
        await controls.silence()
        log.info("call %s: the phone has fallen silent", self.id)
        self.hang_up()

    async def _listen(self) -> None:
        track = self._remote_sound
        try:
            while track is not None:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    self._voice.push(mono(frame))
                    self._note_talking()
        except MediaStreamError:
            log.debug("call %s: the phone sends no sound any more", self.id)

    def _note_talking(self) -> None:
        if self._voice.talking != self._talking:
            self._talking = self._voice.talking
            self._changed()

    async def _take_candidates(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CANDIDATE_LIMIT):
                group.create_task(self._try_candidate(await self._candidates.get()))

    async def _try_candidate(self, candidate: str) -> None:
        try:
            await add_candidate(self._pc, candidate)
        except DescriptionError as error:
            log.info("call %s: %s", self.id, error)

    def _take_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._may_talk:
            self._remote_sound = track

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if self._controls is None:
            channel.close()
        else:
            self._controls.attach(channel)

    def _mute(self, muted: bool) -> None:
        if self._sound is not None:
            self._sound.muted = muted


async def _live_frames(hub: FrameHub) -> AsyncIterator[EncodedFrame]:
    """Joins the hub when the first frame is asked for: once the transport is connected."""
    with hub.watch() as frames:
        async for frame in frames:
            yield frame
