"""The channel `latest`: only the newest counts, whatever the network does to the order."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from device.services.call_latest import PULSE_EVERY_S, Latest
from protocol.latest import TO_PHONE, Pulse, Shown, Statistics, View
from tests.support.link_lane import Conditions, Lane
from tests.support.virtual_time import run_virtual

WHEN = {"packets_received": 1, "packets_lost": 0, "frames_decoded": 1, "frames_dropped": 0,
        "freezes": 0, "jitter_ms": 0.0}  # fmt: skip


class Channel:
    """An open data channel without a network: what is sent is kept."""

    label = "latest"
    readyState = "open"
    bufferedAmount = 0

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.listeners: dict[str, Any] = {}

    def on(self, event: str, listener: Any) -> None:
        self.listeners[event] = listener

    def send(self, text: str) -> None:
        self.sent.append(text)

    def hear(self, text: str | bytes) -> None:
        self.listeners["message"](text)

    @property
    def messages(self) -> list[Pulse | Shown]:
        return [TO_PHONE.validate_json(text) for text in self.sent]


class Ends:
    """The doorbell's end of a channel, and everything that it handed on."""

    def __init__(self) -> None:
        self.statistics: list[tuple[Statistics, float | None]] = []
        self.views: list[View] = []
        self.latest = Latest(lambda *heard: self.statistics.append(heard), self.views.append)
        self.channel = Channel()

    def attach(self) -> None:
        channel: Any = self.channel
        self.latest.attach(channel)


def a_view(sequence: int) -> str:
    return View(sequence=sequence, zoom=2, x=0.5, y=sequence / 1000).model_dump_json()


def statistics(sequence: int, pulse: int) -> str:
    return Statistics(
        sequence=sequence, pulse=pulse, bytes_received=sequence, **WHEN
    ).model_dump_json()


def test_late_messages_are_dropped_on_arrival() -> None:
    """A finger that moves for ten seconds over a network that delays and reorders."""
    ends = Ends()
    ends.attach()
    lane = Lane("1", Conditions(loss=0.05, delay_ms=80, jitter_ms=60, reorder=0.3, duplicate=0.1))
    arrivals: list[tuple[float, int]] = []
    for sequence in range(1, 201):
        arrivals += [(at_s, sequence) for at_s in lane.admit(100, sequence * 0.02)]
    order = [sequence for _, sequence in sorted(arrivals)]
    assert order != sorted(order)
    for sequence in order:
        ends.channel.hear(a_view(sequence))
    seen = [view.sequence for view in ends.views]
    assert seen == sorted(set(seen))
    assert seen == [
        number for index, number in enumerate(order) if number > max([0, *order[:index]])
    ]
    assert seen[-1] == max(order)
    assert len(seen) < len(order)


def test_the_types_count_by_themselves() -> None:
    async def main() -> None:
        ends = Ends()
        ends.attach()
        ends.channel.hear(a_view(50))
        ends.channel.hear(statistics(1, 1))
        ends.channel.hear(statistics(1, 1))
        ends.channel.hear(a_view(49))
        assert len(ends.statistics) == len(ends.views) == 1

    run_virtual(main)


def test_a_round_trip_is_that_of_the_pulse_that_was_answered() -> None:
    async def main() -> None:
        ends = Ends()
        ends.attach()
        async with asyncio.TaskGroup() as group:
            pulsing = group.create_task(ends.latest.run())
            await asyncio.sleep(PULSE_EVERY_S * 3.5)
            assert [message.sequence for message in ends.channel.messages] == [1, 2, 3]
            assert abs(ends.latest.overdue_s() - 2.5 * PULSE_EVERY_S) < 1e-6
            ends.channel.hear(statistics(1, 2))
            ends.channel.hear(statistics(2, 2))
            ends.channel.hear(statistics(3, 999))
            trips = [trip for _, trip in ends.statistics]
            assert trips[0] is not None
            assert abs(trips[0] - 1.5 * PULSE_EVERY_S) < 1e-6
            assert trips[1:] == [None, None]
            pulsing.cancel()

    run_virtual(main)


def test_one_lost_answer_is_not_waited_for_once_a_later_one_is_there() -> None:
    async def main() -> None:
        ends = Ends()
        ends.attach()
        async with asyncio.TaskGroup() as group:
            pulsing = group.create_task(ends.latest.run())
            await asyncio.sleep(PULSE_EVERY_S * 3.5)
            ends.channel.hear(statistics(1, 3))
            assert ends.latest.overdue_s() == 0.0
            pulsing.cancel()

    run_virtual(main)


def test_nothing_is_sent_into_a_full_or_closed_channel() -> None:
    async def main() -> None:
        ends = Ends()
        ends.latest.show(2, 0.5, 0.5, 7)
        ends.attach()
        ends.channel.bufferedAmount = 5000
        ends.latest.show(2, 0.5, 0.5, 7)
        ends.channel.bufferedAmount, ends.channel.readyState = 0, "closing"
        ends.latest.show(2, 0.5, 0.5, 7)
        assert ends.channel.sent == []
        ends.channel.readyState = "open"
        ends.latest.show(2, 0.25, 0.5, 7)
        (shown,) = ends.channel.messages
        assert isinstance(shown, Shown)
        assert (shown.zoom, shown.x, shown.from_rtp) == (2, 0.25, 7)

    run_virtual(main)


def test_malformed_messages_are_ignored() -> None:
    ends = Ends()
    ends.attach()
    dice = random.Random(1)
    for text in ("", "{}", "[]", '{"type":"view"}', "x" * 5000, b"\xff\xfe", a_view(1)[:-2]):
        ends.channel.hear(text)
    ends.channel.hear(dice.randbytes(200))
    assert ends.views == []
    ends.channel.hear(a_view(1))
    assert len(ends.views) == 1


def test_the_channel_is_open_once_the_phone_has_opened_it() -> None:
    ends = Ends()
    assert not ends.latest.opened
    ends.attach()
    assert ends.latest.opened
