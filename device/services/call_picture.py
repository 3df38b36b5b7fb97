"""What one phone sees: which of the camera's encodings it gets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from aiortc import RTCPeerConnection

from device.services.door_media import DoorMedia
from media.frames import EncodedFrame
from media.hub import FrameHub
from media.outgoing import PassthroughTrack, send_passthrough
from protocol.control import LayerReason, Pace
from protocol.door import Layer
from protocol.latest import Statistics, View


class CallPicture:
    """The picture of one call. `changed()` is called when `layer`, `pace` or `why` change."""

    def __init__(self, media: DoorMedia, changed: Callable[[], None]) -> None:
        self._media = media
        self._changed = changed
        self.layer: Layer = "high"
        self.pace: Pace = "full"
        self.why: LayerReason = "start"

    def send_on(self, pc: RTCPeerConnection) -> None:
        """Add the track; before the phone's offer is taken."""
        track = PassthroughTrack("video", live_frames(self._media.video))
        send_passthrough(pc, track, self._media.video.request_keyframe)

    def warm(self) -> None:
        """A keyframe is coded while the transport connects, so that nobody waits for it."""
        self._media.video.request_keyframe()

    def statistics(self, heard: Statistics, round_trip_s: float | None) -> None:
        """What the phone has counted, and the round trip of the pulse that it answers."""

    def look(self, view: View) -> None:
        """The phone looks at a part of the picture."""

    def close(self) -> None:
        """The call is over. May be called twice."""


async def live_frames(hub: FrameHub) -> AsyncIterator[EncodedFrame]:
    """Joins the hub when the first frame is asked for: once the transport is connected."""
    with hub.watch() as frames:
        async for frame in frames:
            yield frame
