"""Who looks closer gets the close-up when it shows more, and is told what it shows."""

from __future__ import annotations

import pytest

from device.services.call_close_up import MARGIN, WHOLE, CallCloseUp
from device.services.door_picture import DoorPicture
from hardware.ports import Window
from media.frames import VideoFormat
from protocol.latest import View
from tests.support.door import media_board

SIZES = {
    "high": VideoFormat(1280, 720, 30, 2_000_000),
    "low": VideoFormat(640, 360, 30, 350_000),
    "close": VideoFormat(640, 360, 30, 500_000),
}


class Phone:
    """One call's close-up, and what its phone was told."""

    def __init__(self, picture: DoorPicture, call: str = "a") -> None:
        self.told: list[tuple[Window, int]] = []
        self.close_up = CallCloseUp(call, picture, lambda *told: self.told.append(told))
        self.sequence = 0

    def look(self, zoom: float, x: float = 0.5, y: float = 0.5) -> None:
        self.sequence += 1
        self.close_up.look(View(sequence=self.sequence, zoom=zoom, x=x, y=y))


@pytest.fixture
def picture() -> DoorPicture:
    picture = DoorPicture(media_board(), 0.0)
    picture.formats = SIZES  # type: ignore[assignment]
    return picture


@pytest.mark.parametrize(
    ("zoom", "instead_of_low", "instead_of_high"),
    [(1.0, False, False), (1.4, False, False), (1.6, True, False), (2.4, True, False),
     (3.0, True, True), (8.0, True, True)],
)  # fmt: skip
def test_it_is_wanted_where_it_shows_more(
    picture: DoorPicture, zoom: float, instead_of_low: bool, instead_of_high: bool
) -> None:
    phone = Phone(picture)
    phone.look(zoom)
    assert phone.close_up.wanted("low", 0) is instead_of_low
    assert phone.close_up.wanted("high", 0) is instead_of_high


def test_it_shows_a_little_more_than_is_looked_at(picture: DoorPicture) -> None:
    phone = Phone(picture)
    phone.look(3.0, 0.2, 0.8)
    assert phone.close_up.wanted("low", 0)
    assert picture.aimed == Window(3.0 / MARGIN, 0.2, 0.8)


def test_the_newest_gesture_of_all_phones_wins(picture: DoorPicture) -> None:
    anna, ben = Phone(picture, "anna"), Phone(picture, "ben")
    anna.look(3.0)
    assert anna.close_up.wanted("low", 0)
    ben.look(4.0)
    assert ben.close_up.wanted("low", 0)
    assert not anna.close_up.wanted("low", 0)
    # Said again, because the channel may lose it, an old gesture is still old.
    anna.look(3.0)
    assert not anna.close_up.wanted("low", 0)
    anna.look(3.0, x=0.6)
    assert anna.close_up.wanted("low", 0)
    assert not ben.close_up.wanted("low", 0)


def test_whoever_looks_at_the_whole_again_lets_go(picture: DoorPicture) -> None:
    phone = Phone(picture)
    phone.look(3.0)
    assert phone.close_up.wanted("low", 0)
    phone.look(1.0)
    assert not picture.aimed_by("a")
    assert not phone.close_up.wanted("low", 0)


def test_the_phone_is_told_at_the_change_of_layer_and_when_the_window_moves(
    picture: DoorPicture,
) -> None:
    phone = Phone(picture)
    phone.look(3.0)
    phone.close_up.wanted("low", 100)
    phone.close_up.tick("low", 150)
    assert phone.told == []
    phone.close_up.switched("close", 200)
    first = Window(3.0 / MARGIN, 0.5, 0.5)
    assert phone.told == [(first, 200)]
    for now_us in (300, 400, 500, 600):
        phone.close_up.tick("close", now_us)
    assert phone.told == [(first, 200)] * 3
    phone.look(3.0, x=0.6)
    phone.close_up.wanted("low", 700)
    phone.close_up.tick("close", 800)
    assert phone.told[3:] == [(Window(3.0 / MARGIN, 0.6, 0.5), 700)]
    phone.close_up.switched("low", 900)
    assert phone.told[4:] == [(WHOLE, 900)]


def test_a_window_that_another_phone_moves_is_told_too(picture: DoorPicture) -> None:
    anna, ben = Phone(picture, "anna"), Phone(picture, "ben")
    anna.look(3.0)
    anna.close_up.wanted("low", 0)
    anna.close_up.switched("close", 10)
    ben.look(6.0)
    ben.close_up.wanted("low", 20)
    anna.close_up.tick("close", 30)
    assert anna.told[-1] == (Window(6.0 / MARGIN, 0.5, 0.5), 30)
