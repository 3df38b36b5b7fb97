"""One passthrough sender: what its receiver reports, and the traffic it adds to find out more."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCRtpTransceiver

from media.padding import Padding
from media.reception import Reception

__all__ = ["PassthroughSender", "Reception"]


class PassthroughSender:
    """The sending half of a transceiver made by `send_passthrough`.

    `sent_bytes` counts what left in packets: frames, repairs and padding, with their headers.
    `on_reception` is called whenever the receiver says something new. `forget()` repairs nothing
    that was sent before: what comes next can be decoded without it. `rtp_time(at_us)` is the time
    stamp on the wire of what was captured then. `pace()` sets the pace anew.
    """

    def __init__(self, transceiver: RTCRtpTransceiver) -> None:
        self.transceiver = transceiver
        self.reception = Reception()
        self.sent_bytes = 0
        self.on_reception: Callable[[Reception], None] = lambda reception: None
        self.padding = Padding()
        self.forget: Callable[[], None] = lambda: None
        self.rtp_time: Callable[[int], int] = lambda at_us: 0
        self.pace: Callable[[], None] = lambda: None
        self._carries_bps = 0

    @property
    def carries_bps(self) -> int:
        """What the network has been shown to carry; a receiver's limit lags many seconds behind."""
        return self._carries_bps

    @carries_bps.setter
    def carries_bps(self, bps: int) -> None:
        if bps != self._carries_bps:
            self._carries_bps = bps
            self.pace()

    @property
    def padding_bps(self) -> int:
        """So much is sent beside the frames, in packets that receivers discard.

        It shows whether the network carries more. Nothing is sent before the first frame.
        """
        return self.padding.bps

    @padding_bps.setter
    def padding_bps(self, bps: int) -> None:
        self.padding.bps = bps
