"""Keyframes leave over milliseconds, pictures at once, and nobody waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from media.pacing import BURST_BYTES, FULL_PACE_BPS, Pacer
from tests.support.virtual_time import run_virtual

PACKET = bytes(1180)


async def pace(pacer: Pacer, packets: int) -> list[tuple[float, int, bool]]:
    """When parts of a frame leave, how many packets each has and whether it ends the frame."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    left: list[tuple[float, int, bool]] = []

    def send(part: Sequence[bytes], last: bool) -> int:
        left.append((loop.time() - began_s, len(part), last))
        return sum(map(len, part))

    await pacer.send([PACKET] * packets, send)
    return left


def test_a_usual_picture_leaves_at_once() -> None:
    async def main() -> None:
        pacer = Pacer()
        for _ in range(5):
            assert await pace(pacer, 8) == [(0.0, 8, True)]
            await asyncio.sleep(1 / 30)

    run_virtual(main)


def test_a_keyframe_is_spread_over_less_than_thirty_milliseconds() -> None:
    async def main() -> None:
        left = await pace(Pacer(), 68)
        times = [at_s for at_s, _, _ in left]
        assert 0.010 < times[-1] < 0.030
        assert max(count for _, count, _ in left) * len(PACKET) <= BURST_BYTES
        assert sum(count for _, count, _ in left) == 68
        assert [last for _, _, last in left] == [False] * (len(left) - 1) + [True]

    run_virtual(main)


def test_below_a_known_limit_a_keyframe_takes_longer() -> None:
    async def main() -> None:
        pacer = Pacer()
        for _ in range(45):
            await pace(pacer, 7)
            await asyncio.sleep(1 / 30)
        pacer.limit(1_000_000)
        assert pacer.sent_bps > 1_500_000
        assert 2_400_000 <= pacer.pace_bps <= 4_000_000
        left = await pace(pacer, 68)
        assert 0.1 < left[-1][0] < 0.3

    run_virtual(main)


def test_one_viewers_keyframe_does_not_hold_up_another() -> None:
    async def main() -> None:
        slow, quick = Pacer(), Pacer()
        slow.pace_bps = 1_000_000
        async with asyncio.TaskGroup() as group:
            held = group.create_task(pace(slow, 100))
            free = group.create_task(pace(quick, 100))
        assert held.result()[-1][0] > 0.5
        assert free.result()[-1][0] < 0.04

    run_virtual(main)


@pytest.mark.parametrize(
    ("limit_bps", "sent_bps", "pace_bps"),
    [
        (None, 2_000_000, FULL_PACE_BPS),
        # A receiver that sees 2 Mbit/s believes in 3; that is no limit.
        (3_000_000, 2_000_000, FULL_PACE_BPS),
        (2_000_000, 2_000_000, 5_000_000),
        # The pace stays above what the encoder makes.
        (100_000, 2_000_000, 3_000_000),
        (10_000, 50_000, 300_000),
    ],
)
def test_the_pace_follows_the_limit(
    limit_bps: int | None, sent_bps: float, pace_bps: float
) -> None:
    pacer = Pacer()
    pacer.sent_bps = sent_bps
    pacer.limit(limit_bps)
    assert pacer.pace_bps == pace_bps


def test_a_late_timer_costs_no_speed() -> None:
    pacer = Pacer()
    pacer.sent(100.0, BURST_BYTES)
    assert pacer.wait_s(100.0, 50_000) == pytest.approx(8_000 * 8 / FULL_PACE_BPS)
    assert pacer.fitting(100.003, [PACKET] * 60) == 10
