"""Sound cards of paper behind PyAudio's interface: plugged, unplugged and asked by the test.

As with PortAudio, cards are looked for only while nobody uses it, and a stream of a card that is
unplugged is no longer active.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hardware.pi.sound_streams import PA_DEVICE_UNAVAILABLE, PA_INVALID_SAMPLE_RATE, Callback


@dataclass(frozen=True, slots=True)
class PaperCard:
    """What a card can do."""

    name: str
    inputs: int = 1
    outputs: int = 1
    rates_hz: tuple[int, ...] = (48_000,)
    duplex: bool = True
    busy: bool = False


@dataclass(eq=False, slots=True)
class PaperStream:
    """An open stream; `ask` calls back as a card would."""

    cards: PaperCards
    names: dict[str, str]
    rate_hz: int
    callback: Callback
    closed: bool = False

    def is_active(self) -> bool:
        there = {card.name for card in self.cards.plugged}
        return not self.closed and there.issuperset(self.names.values())

    def close(self) -> None:
        self.closed = True

    def ask(self, heard: bytes = b"", status: int = 0) -> bytes | None:
        """20 ms: hand over what was heard, take what is to be played."""
        data = heard if "input" in self.names else None
        return self.callback(data, self.rate_hz // 50, {}, status)[0]


@dataclass(slots=True)
class PaperCards:
    """Stands for the module `pyaudio`. `plugged` is what there is now, the default first."""

    plugged: list[PaperCard]
    paInt16: int = 8
    looks: int = 0
    """How often cards were looked for."""
    streams: list[PaperStream] = field(default_factory=list)
    users: int = 0
    seen: list[PaperCard] = field(default_factory=list)

    def PyAudio(self) -> PaperAudio:  # noqa: N802 - PyAudio's name
        if not self.users:
            self.seen = list(self.plugged)
            self.looks += 1
        self.users += 1
        return PaperAudio(self)

    @property
    def running(self) -> list[PaperStream]:
        return [stream for stream in self.streams if not stream.closed]

    def running_on(self, name: str) -> PaperStream | None:
        """The stream that uses a card."""
        return next((one for one in self.running if name in one.names.values()), None)


@dataclass(slots=True)
class PaperAudio:
    """One user."""

    cards: PaperCards

    def get_device_count(self) -> int:
        return len(self.cards.seen)

    def get_device_info_by_index(self, device_index: int) -> dict[str, Any]:
        card = self.cards.seen[device_index]
        return {
            "name": card.name, "maxInputChannels": card.inputs, "maxOutputChannels": card.outputs,
        }  # fmt: skip

    def open(self, **how: Any) -> PaperStream:
        ways = [way for way in ("input", "output") if how.get(way)]
        used = [self._card(how[f"{way}_device_index"]) for way in ways]
        for card in used:
            if card.busy:
                raise OSError(PA_DEVICE_UNAVAILABLE, "Device unavailable")
            if how["rate"] not in card.rates_hz:
                raise OSError(PA_INVALID_SAMPLE_RATE, "Invalid sample rate")
            if len(ways) > 1 and not card.duplex:
                raise OSError(-9993, "Illegal combination of I/O devices")
        names = {way: card.name for way, card in zip(ways, used, strict=True)}
        stream = PaperStream(self.cards, names, how["rate"], how["stream_callback"])
        self.cards.streams.append(stream)
        return stream

    def terminate(self) -> None:
        self.cards.users -= 1

    def _card(self, index: int | None) -> PaperCard:
        seen = self.cards.seen
        if not seen or seen[index or 0] not in self.cards.plugged:
            raise OSError(-9996, "Invalid device")
        return seen[index or 0]
