"""One passthrough sender: what its receiver reports, and the traffic it adds to find out more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCRtpTransceiver


@dataclass(frozen=True, slots=True)
class Reception:
    """The newest that the receiver has said about our stream (RFC 3550 section 6.4, REMB).

    `loss` is the share of packets lost since its report before; `limit_bps` what it believes that
    the network carries, None when it never said.
    """

    at_s: float = 0.0
    loss: float = 0.0
    round_trip_s: float | None = None
    limit_bps: int | None = None


class PassthroughSender:
    """The sending half of a transceiver made by `send_passthrough`.

    `padding_bps`: so much is sent beside the frames, in packets that receivers discard, to learn
    whether the network carries more. `sent_bytes` counts frames, repairs and padding.
    """

    def __init__(self, transceiver: RTCRtpTransceiver) -> None:
        self.transceiver = transceiver
        self.reception = Reception()
        self.padding_bps = 0
        self.sent_bytes = 0
        self.on_reception: Callable[[Reception], None] = lambda reception: None
