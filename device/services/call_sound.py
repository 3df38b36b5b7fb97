"""What one phone hears, and what it says."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiortc import MediaStreamTrack, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from device.services.call_picture import live_frames
from device.services.door_media import DoorMedia
from media.mixer import mono
from media.outgoing import PassthroughTrack, send_passthrough

log = logging.getLogger(__name__)


class CallSound:
    """The sound of one call; `changed()` is called when `talking` changes.

    A phone that may not talk is not listened to.
    """

    def __init__(
        self, call: str, media: DoorMedia, may_talk: bool, changed: Callable[[], None]
    ) -> None:
        self.talking = False
        self._call = call
        self._media = media
        self._may_talk = may_talk
        self._changed = changed
        self._voice = media.mixer.join()
        self._door: PassthroughTrack | None = None
        self._phone: MediaStreamTrack | None = None

    def send_on(self, pc: RTCPeerConnection) -> None:
        """Add the track; before the phone's offer is taken."""
        self._door = PassthroughTrack("audio", live_frames(self._media.sound))
        send_passthrough(pc, self._door, listen=self._may_talk)

    def take(self, track: MediaStreamTrack) -> None:
        """A track that the phone sends."""
        if track.kind == "audio" and self._may_talk:
            self._phone = track

    def mute(self, muted: bool) -> None:
        """Whether the phone does not want to hear the door."""
        if self._door is not None:
            self._door.muted = muted

    async def listen(self) -> None:
        """Take what the phone says until it says nothing any more."""
        try:
            while self._phone is not None:
                frame = await self._phone.recv()
                if isinstance(frame, AudioFrame):
                    self._voice.push(mono(frame))
                    self._note_talking()
        except MediaStreamError:
            log.debug("call %s: the phone sends no sound any more", self._call)

    def close(self) -> None:
        """The call is over. May be called twice."""
        self._media.mixer.leave(self._voice)

    def _note_talking(self) -> None:
        if self._voice.talking != self.talking:
            self.talking = self._voice.talking
            self._changed()
