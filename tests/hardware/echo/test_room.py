"""A weaker form of what `bench/room.py` promises, in one room of it."""

from __future__ import annotations

import pytest

from bench.room import measure
from bench.room_sound import Room
from hardware.echo.ducker import Ducker
from hardware.echo.null import NullCanceller
from hardware.echo.webrtc import WebrtcCanceller

SECONDS = 8.0


@pytest.fixture
def room() -> Room:
    return Room(delay_s=0.06, drift_ppm=50, seed=6)


async def test_both_can_talk_and_the_phone_does_not_hear_itself(room: Room) -> None:
    heard = await measure(WebrtcCanceller, room, SECONDS)
    assert heard.erle_db > 22
    assert heard.loss_db < 4


async def test_the_ducker_takes_the_echo_and_the_visitor_with_it(room: Room) -> None:
    heard = await measure(Ducker, room, SECONDS)
    assert heard.erle_db > 25
    assert heard.loss_db > 6


async def test_without_a_canceller_the_echo_stays(room: Room) -> None:
    heard = await measure(NullCanceller, room, SECONDS)
    assert abs(heard.erle_db) < 0.1
