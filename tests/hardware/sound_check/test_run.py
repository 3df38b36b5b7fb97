"""The self-test on the twin, with walls around its porch and a clock that does not wait."""

from __future__ import annotations

import pytest

from hardware.echo.choose import open_canceller
from hardware.options import Echo
from hardware.sound_check.run import run
from hardware.sound_check.verdict import NOTHING_DB, Measured
from hardware.twin.ears import Ears
from hardware.twin.room import Room
from hardware.twin.sound import TwinMicrophone, TwinSpeaker, background
from hardware.twin.voice import Voice
from tests.support.hand_turned_time import VirtualClock


async def measured(echo: Echo, delay_s: float, gain: float, sound: str = "silence") -> Measured:
    clock, ears = VirtualClock(), Ears()
    voice = Voice(clock.now)
    if gain:
        Room(ears, voice, delay_s=delay_s, gain=gain)
    async with (
        TwinMicrophone(background(sound), voice, clock) as microphone,
        TwinSpeaker(ears, clock) as speaker,
        open_canceller(echo) as canceller,
    ):
        return await run(microphone, speaker, canceller)


@pytest.mark.parametrize("delay_s", [0.02, 0.08, 0.35])
async def test_delay_and_echo_are_those_of_the_room(delay_s: float) -> None:
    heard = await measured("off", delay_s, 0.25)
    assert heard.delays_ms == pytest.approx((delay_s * 1000,) * 3, abs=0.05)
    assert heard.echo_loss_db == pytest.approx(12, abs=0.5)
    assert heard.cleaned_loss_db == heard.echo_loss_db
    assert heard.gaps == 0


@pytest.mark.parametrize("delay_s", [0.02, 0.08, 0.35])
async def test_the_canceller_takes_the_echo_whatever_its_delay(delay_s: float) -> None:
    """So it need not be told how long a card takes."""
    heard = await measured("webrtc", delay_s, 0.25)
    assert heard.echo_loss_db == pytest.approx(12, abs=0.5)
    assert heard.cleaned_loss_db > 45


async def test_an_echo_below_the_wind_is_found() -> None:
    heard = await measured("off", 0.06, 0.01, sound="visitor")
    assert heard.delay_ms == pytest.approx(60, abs=0.1)
    assert heard.echo_loss_db > 35


async def test_a_porch_without_walls_gives_no_echo() -> None:
    heard = await measured("webrtc", 0.08, 0.0, sound="visitor")
    assert not heard.hears
    assert heard.echo_loss_db == NOTHING_DB
