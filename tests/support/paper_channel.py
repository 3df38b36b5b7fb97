"""A data channel that is only written down: what the phone says is handed in, replies are kept."""

from __future__ import annotations

from typing import cast

from aiortc import RTCDataChannel
from pyee.asyncio import AsyncIOEventEmitter


class PaperChannel(AsyncIOEventEmitter):
    """`hear(text)` is what the phone says; `sent` what the doorbell replied."""

    def __init__(self) -> None:
        super().__init__()
        self.readyState = "open"
        self.bufferedAmount = 0
        self.sent: list[str] = []
        self.limit_bytes = 65536

    @property
    def real(self) -> RTCDataChannel:
        """As those take it who speak over one."""
        return cast(RTCDataChannel, self)

    def hear(self, text: str | bytes) -> None:
        self.emit("message", text)

    def send(self, text: str) -> None:
        if len(text.encode()) > self.limit_bytes:
            raise ValueError("The remote party does not take so much.")
        self.sent.append(text)

    def close(self) -> None:
        if self.readyState == "open":
            self.readyState = "closed"
            self.emit("close")
