"""What one phone hears, and what it says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiortc import RTCPeerConnection

from device.services.call_picture import live_frames
from device.services.door_media import DoorMedia
from media.listening import receive_packets
from media.outgoing import PassthroughTrack, send_passthrough
from media.phone_voice import VoicePacket

log = logging.getLogger(__name__)


class CallSound:
    """The sound of one call; `changed()` is called when `talking` changes.

    A phone that may not talk is not listened to.
    """

    def __init__(
        self, call: str, media: DoorMedia, may_talk: bool, changed: Callable[[], None]
    ) -> None:
        self._call = call
        self._media = media
        self._may_talk = may_talk
        self._voice = media.mixer.join_phone(changed)
        self._door: PassthroughTrack | None = None
        self._ended: asyncio.Event | None = None

    @property
    def talking(self) -> bool:
        """Whether the phone's person speaks now."""
        return self._may_talk and self._voice.talking

    @property
    def heard(self) -> bool:
        """Whether the door's sound goes to the phone."""
        return self._door is not None and not self._door.muted

    def send_on(self, pc: RTCPeerConnection) -> None:
        """Add the track, and listen if the phone may talk; before the phone's offer is taken."""
        self._door = PassthroughTrack("audio", live_frames(self._media.sound))
        sender = send_passthrough(pc, self._door, listen=self._may_talk)
        if self._may_talk:
            self._ended = receive_packets(sender.transceiver.receiver, self._hear)

    def mute(self, muted: bool) -> None:
        """Whether the phone does not want to hear the door."""
        if self._door is not None:
            self._door.muted = muted

    def deafen(self) -> None:
        """The phone may not talk any more: what it says from now on is not heard."""
        if self._may_talk:
            self._may_talk = False
            self._media.mixer.leave(self._voice)
            log.info("call %s: the phone is not heard any more", self._call)

    async def listen(self) -> None:
        """Until the phone sends no sound any more; its voice is heard meanwhile."""
        if self._ended is not None:
            await self._ended.wait()
            log.debug("call %s: the phone sends no sound any more", self._call)

    def close(self) -> None:
        """The call is over. May be called twice."""
        self._media.mixer.leave(self._voice)

    def _hear(self, packet: VoicePacket) -> None:
        if self._may_talk:
            self._voice.take(packet)
