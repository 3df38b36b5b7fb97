"""What one phone sees: which of the camera's encodings it gets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

from aiortc import RTCPeerConnection

from device.services.call_close_up import CallCloseUp
from device.services.call_latest import PULSE_EVERY_S, Latest
from device.services.call_trace import FirstKeyframe
from device.services.door_media import DoorMedia
from hardware.ports import Window
from media.estimate import Estimate, Rates, Verdict
from media.frames import EncodedFrame
from media.hub import FrameHub, monotonic_us
from media.layers import LayerSwitch
from media.outgoing import PassthroughTrack, send_passthrough
from media.sender import PassthroughSender, Reception
from media.signals import Heard
from protocol.control import LayerReason, Pace
from protocol.door import Layer
from protocol.latest import Statistics, View

log = logging.getLogger(__name__)

# A network that becomes narrow fills its queue within a few hundred milliseconds.
DECIDE_EVERY_S = 0.1
# A call that has had the whole picture for so long needs less watching.
CALM_AFTER_S = 5.0
# An encoder that has not given a keyframe by then has failed; go on with what there is.
SWITCH_LIMIT_S = 2.0
# After so long without an answer pictures have been lost that nobody will ask for.
BLACKOUT_S = 0.8
# So many decoded pictures are not the last ones of the large picture any more.
MOVES_AFTER_PICTURES = 8
# By then the small picture moves, or its phone does not count.
CUT_LIMIT_S = 4.0
# A close-up that moves is coded like a small picture that moves, with more detail.
CLOSE_HEADROOM = 1.1


class CallPicture:
    """The picture of one call. `changed()` is called when `layer`, `pace` or `why` change.

    `run` decides while the call is connected; before that and without it the layer is `high`.
    """

    def __init__(self, call: str, media: DoorMedia, changed: Callable[[], None]) -> None:
        self._call = call
        self._media = media
        self._changed = changed
        picture = media.picture
        formats = picture.formats
        self._estimate = Estimate(
            Rates(formats["high"].bitrate_bps, formats["low"].bitrate_bps, picture.floor_bps("low"))
        )
        self._switch = LayerSwitch(picture.hubs, picture.using, self._switched)
        self._close_up = CallCloseUp(call, picture, self._tell)
        self._sender: PassthroughSender | None = None
        self._latest: Latest | None = None
        self._verdict: Verdict | None = None
        self._wanted_s = 0.0
        self._uneasy_s = _now_s()
        self._dark = False
        self._decoded = 0
        self._decoded_at_cut: int | None = None
        self._told: tuple[Layer, Pace, LayerReason] = ("high", "full", "start")

    @property
    def layer(self) -> Layer:
        """The layer of the picture that was sent last."""
        return self._switch.layer

    @property
    def pace(self) -> Pace:
        return self._switch.pace

    @property
    def why(self) -> LayerReason:
        """Why it is this layer and pace."""
        return self._told[2]

    def send_on(self, pc: RTCPeerConnection, shown: Callable[[], None]) -> None:
        """Add the track; before the phone's offer is taken. `shown()` at the first keyframe."""
        track = PassthroughTrack("video", FirstKeyframe(self._switch, shown))
        self._sender = send_passthrough(pc, track, self._switch.request_keyframe)
        self._sender.on_reception = self._received

    def warm(self) -> None:
        """A keyframe is coded while the transport connects, so that nobody waits for it."""
        self._media.video.request_keyframe()

    async def run(self, latest: Latest, expected: bool = False) -> NoReturn:
        """Decide what is sent, until cancelled. `expected`: the phone will open `latest`."""
        self._latest = latest
        began_s = _now_s()
        while True:
            await asyncio.sleep(DECIDE_EVERY_S)
            opening_s = 0.0 if latest.opened or not expected else _now_s() - began_s
            self._estimate.signals.opening(opening_s)
            self._estimate.signals.overdue(latest.overdue_s())
            self._decide()

    def statistics(self, heard: Statistics, round_trip_s: float | None) -> None:
        """What the phone has counted, and the round trip of the pulse that it answers."""
        self._decoded = heard.frames_decoded
        self._estimate.heard(
            Heard(
                _now_s(), heard.bytes_received, heard.packets_received, heard.packets_lost,
                round_trip_s,
            ),
            heard.visible,
        )  # fmt: skip
        if self._latest is not None:
            self._estimate.signals.overdue(self._latest.overdue_s())
            self._decide()

    def look(self, view: View) -> None:
        """The phone looks at a part of the picture."""
        self._close_up.look(view)
        self._decide()

    def close(self) -> None:
        """The call is over. May be called twice."""
        self._switch.close()
        self._close_up.release()
        self._media.wishes.drop(self._call)

    def _received(self, reception: Reception) -> None:
        self._estimate.received(reception, _now_s())

    def _decide(self) -> None:
        sender, now_s = self._sender, _now_s()
        if sender is None:
            return
        self._estimate.signals.sent(now_s, sender.sent_bytes)
        verdict = self._verdict = self._estimate.decide(now_s)
        sender.padding_bps, sender.carries_bps = verdict.padding_bps, verdict.carries_bps
        self._want(verdict, now_s)
        self._note_calm(verdict, now_s)
        self._recover_from_dark()
        self._recover_from_cut(now_s)
        self._close_up.tick(self.layer, monotonic_us())
        self._tell_changes()

    def _want(self, verdict: Verdict, now_s: float) -> None:
        layer: Layer = verdict.layer
        if self._carries_close_up() and self._close_up.wanted(layer, monotonic_us()):
            layer = "close"
        if layer != self._switch.wanted:
            self._wanted_s = now_s
            # Falling because the way is full: more of the large picture would only wait in it.
            cut = layer == "low" and verdict.why == "network"
            self._switch.want(layer, verdict.pace, cut=cut)
            self._decoded_at_cut = self._decoded if cut else None
        elif self._switch.layer != layer and now_s - self._wanted_s > SWITCH_LIMIT_S:
            log.warning("call %s: the layer %s has no pictures", self._call, layer)
            self._switch.want(self._switch.layer, verdict.pace)
        else:
            self._switch.want(layer, verdict.pace)
        if layer == "low":
            self._media.wishes.wish(self._call, "low", verdict.wish_bps)
        else:
            rate = self._media.picture.formats[layer].bitrate_bps
            self._media.wishes.wish(self._call, layer, rate)

    def _note_calm(self, verdict: Verdict, now_s: float) -> None:
        if self._latest is None:
            return
        waits = self._latest.overdue_s() > PULSE_EVERY_S
        if waits or verdict.padding_bps or (verdict.layer, self.layer) != ("high", "high"):
            self._uneasy_s = now_s
        self._latest.calm = now_s - self._uneasy_s > CALM_AFTER_S

    def _carries_close_up(self) -> bool:
        rate = self._media.picture.formats["close"].bitrate_bps
        return self._estimate.carries(int(CLOSE_HEADROOM * rate))

    def _recover_from_dark(self) -> None:
        silent_s = self._estimate.path.silent_s
        if silent_s > BLACKOUT_S:
            self._dark = True
        elif self._dark:
            self._dark = False
            self._switch.request_keyframe()

    def _recover_from_cut(self, now_s: float) -> None:
        """The first keyframes after a cut may be lost in the full way: more, until one arrived."""
        if self._decoded_at_cut is None:
            return
        moves = self._decoded >= self._decoded_at_cut + MOVES_AFTER_PICTURES
        if moves or self._switch.wanted != "low" or now_s - self._wanted_s > CUT_LIMIT_S:
            self._decoded_at_cut = None
        else:
            self._switch.request_keyframe()

    def _switched(self, first: EncodedFrame) -> None:
        if self._sender is not None:
            self._sender.forget()
        log.info("call %s: the picture is %s now (%s)", self._call, self.layer, self._reason())
        self._close_up.switched(self.layer, first.at_us)
        self._tell_changes()

    def _tell_changes(self) -> None:
        if self.layer != self._switch.wanted:
            # The reason is that of a layer which is not there yet.
            return
        state = (self.layer, self.pace, self._reason())
        if state != self._told:
            self._told = state
            self._changed()

    def _reason(self) -> LayerReason:
        if self.layer == "close":
            return "close_up"
        return self._verdict.why if self._verdict is not None else "start"

    def _tell(self, window: Window, at_us: int) -> None:
        if self._latest is not None and self._sender is not None:
            from_rtp = self._sender.rtp_time(at_us)
            self._latest.show(window.zoom, window.x, window.y, from_rtp)


async def live_frames(hub: FrameHub) -> AsyncIterator[EncodedFrame]:
    """Joins the hub when the first frame is asked for: once the transport is connected."""
    with hub.watch() as frames:
        async for frame in frames:
            yield frame


def _now_s() -> float:
    return asyncio.get_running_loop().time()
