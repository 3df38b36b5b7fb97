"""The choice of the layer over whole calls, in virtual time."""

from __future__ import annotations

import pytest

from tests.support.link_lane import PERFECT, Conditions
from tests.support.virtual_call import VirtualCall

WIDE = Conditions(rate_bps=20_000_000)
NARROW = Conditions(rate_bps=600_000)


def layers(call: VirtualCall, from_s: float = 0.0) -> list[str]:
    return [layer for at_s, layer, _ in call.layers if at_s >= from_s]


def test_a_good_network_keeps_the_large_picture() -> None:
    call = VirtualCall(down=WIDE)
    call.run(60)
    assert call.layers == [(0.0, "high", "full")]
    assert call.padded_bytes == 0


@pytest.mark.parametrize("delay_ms", [0, 50, 100])
def test_a_drop_is_survived_and_recovered_from(delay_ms: float) -> None:
    wide = Conditions(rate_bps=20_000_000, delay_ms=delay_ms)
    narrow = Conditions(rate_bps=600_000, delay_ms=delay_ms)
    call = VirtualCall(down=wide, up=Conditions(delay_ms=delay_ms))
    call.run(10)
    call.down.conditions = narrow
    call.run(15)
    assert layers(call) == ["high", "low"]
    assert call.layers[1][0] - 10 < 1.0
    assert call.longest_freeze_s(9, 25) < 1.0
    call.down.conditions = wide
    call.run(10)
    assert call.verdict.layer == "high"
    assert call.verdict.why == "recovered"
    assert call.longest_freeze_s(25, 35) < 1.0


def test_a_network_that_nearly_suffices_settles_on_the_small_picture() -> None:
    call = VirtualCall(down=Conditions(rate_bps=2_000_000))
    call.run(300)
    assert len(call.layers) <= 4
    assert call.verdict.layer == "low"
    assert call.longest_freeze_s(2, 300) < 1.0
    # Asking whether it is wider now costs less than the small picture itself.
    assert call.padded_bytes * 8 / 300 < 120_000


@pytest.mark.parametrize("loss", [0.01, 0.05])
def test_losses_alone_do_not_take_the_large_picture_away(loss: float) -> None:
    call = VirtualCall(down=Conditions(loss=loss, rate_bps=20_000_000, delay_ms=100))
    call.run(60)
    assert layers(call) == ["high"]


def test_heavy_losses_do() -> None:
    call = VirtualCall(down=Conditions(loss=0.3))
    call.run(10)
    assert call.verdict.layer == "low"


def test_jitter_alone_does_not() -> None:
    call = VirtualCall(down=Conditions(delay_ms=30, jitter_ms=80), up=Conditions(jitter_ms=50))
    call.run(60)
    assert layers(call) == ["high"]


def test_a_network_too_narrow_for_the_small_picture_gets_fewer_frames() -> None:
    call = VirtualCall(down=Conditions(rate_bps=120_000))
    call.run(30)
    assert {pace for _, _, pace in call.layers} & {"half", "keyframes"}
    call.down.conditions = WIDE
    call.run(60)
    assert (call.verdict.layer, call.verdict.pace) == ("high", "full")


def test_a_blackout_is_answered_with_the_small_picture_and_forgotten() -> None:
    call = VirtualCall(down=WIDE)
    call.run(10)
    call.down.blackout(12.0)
    call.up.blackout(12.0)
    call.run(2)
    assert layers(call) == ["high", "low"]
    call.run(10)
    assert call.verdict.layer == "high"


def test_without_statistics_nothing_is_known_and_nothing_changes() -> None:
    call = VirtualCall(down=PERFECT, statistics=False)
    call.run(20)
    assert layers(call) == ["high"]
