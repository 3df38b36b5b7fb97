"""A phone that answers the doorbell's pulses, as the app does, over an emulated network."""

from __future__ import annotations

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from media.traffic import received
from protocol.control import CallState
from protocol.latest import TO_PHONE, Pulse, Shown, Statistics, View
from tests.support.link_emulator import EmulatedNetwork, bare_offer
from tests.support.phone import LoopPhone


class TellingPhone(LoopPhone):
    """Calls through `network`; `pictures` are times at 90 kHz and heights, `shown` as told."""

    def __init__(self, network: EmulatedNetwork) -> None:
        super().__init__()
        self.pictures: list[tuple[int, int]] = []
        self.shown: list[Shown] = []
        self._network = network
        self._told = self._looks = 0
        self.latest.on("message", self._answer)

    async def offer(self) -> str:
        return bare_offer(await super().offer())

    async def take_answer(self, sdp: str) -> None:
        await super().take_answer(await self._network.relayed_answer(sdp))

    @property
    def states(self) -> list[CallState]:
        """What the doorbell said about the call."""
        return [reply for reply in self.replies if isinstance(reply, CallState)]

    @property
    def layers(self) -> list[tuple[str, str]]:
        """Layers and reasons, each once per change."""
        found: list[tuple[str, str]] = []
        for state in self.states:
            if not found or found[-1] != (state.layer, state.why):
                found.append((state.layer, state.why))
        return found

    def look(self, zoom: float, x: float = 0.5, y: float = 0.5) -> None:
        """Look closer, or at the whole again."""
        self._looks += 1
        self.latest.send(View(sequence=self._looks, zoom=zoom, x=x, y=y).model_dump_json())

    def _answer(self, text: str) -> None:
        message = TO_PHONE.validate_json(text)
        if isinstance(message, Shown):
            self.shown.append(message)
        elif isinstance(message, Pulse):
            self.latest.send(self._statistics(message).model_dump_json())
        self._news.set()

    def _statistics(self, pulse: Pulse) -> Statistics:
        self._told += 1
        traffic = received(self.pc)
        return Statistics(
            sequence=self._told, pulse=pulse.sequence, bytes_received=traffic.size_bytes,
            packets_received=traffic.packets, packets_lost=0, frames_decoded=len(self.pictures),
            frames_dropped=0, freezes=0, jitter_ms=0,
        )  # fmt: skip

    async def _watch(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    self.pictures.append((frame.pts or 0, frame.height))
                    self._news.set()
        except MediaStreamError:
            return
