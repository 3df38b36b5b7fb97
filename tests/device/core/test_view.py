from __future__ import annotations

from dataclasses import replace

import pytest

from device.core import view
from device.core.states import Call, LockPhase, Phase, State

QUIET = State()
BROKEN = replace(QUIET, faults=(("camera", "No picture."), ("light", "Dark."), ("lock", "Stuck.")))


def test_broken_parts_are_not_offered() -> None:
    assert (view.lock(BROKEN), view.light(BROKEN)) == ("unavailable", "unavailable")
    assert (view.lock(QUIET), view.light(QUIET)) == ("locked", "off")


def test_parts_show_what_they_do() -> None:
    busy = replace(QUIET, lock=LockPhase.OPEN, light_on=True)
    assert (view.lock(busy), view.light(busy)) == ("unlocked", "on")


@pytest.mark.parametrize(
    ("state", "face"),
    [
        (QUIET, "dark"),
        (BROKEN, "fault"),
        (replace(QUIET, calls=(Call("call-1", None, None),)), "live"),
        (replace(QUIET, calls=(Call("call-1", None, None, hears=True),)), "listening"),
        (replace(BROKEN, calls=(Call("call-1", None, None, hears=True),)), "listening"),
        (replace(BROKEN, phase=Phase.RINGING), "ringing"),
        (replace(QUIET, phase=Phase.ANSWERED), "listening"),
    ],
)
def test_face(state: State, face: str) -> None:
    assert view.face(state) == face
