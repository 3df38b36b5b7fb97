"""The channel `files` of one call: a file straight from the doorbell to the phone."""

from __future__ import annotations

from aiortc import RTCDataChannel

from protocol.files import FileRefused


class CallFiles:
    """One call's channel."""

    def __init__(self) -> None:
        self._channel: RTCDataChannel | None = None

    def attach(self, channel: RTCDataChannel) -> None:
        """The channel that the phone has opened."""
        self._channel = channel
        channel.on("message", self._take)

    def _take(self, text: str | bytes) -> None:
        if self._channel is not None:
            refused = FileRefused(id=0, detail="This doorbell sends no files.")
            self._channel.send(refused.model_dump_json())
