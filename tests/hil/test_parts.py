"""Every promise of the ports, kept by the Pi's own drivers: the same checks as for the twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from device.wiring import options_of
from hardware.board import Board
from hardware.contracts import (
    check_board,
    check_camera,
    check_canceller,
    check_chime,
    check_indicator,
    check_light,
    check_lock,
    check_microphone,
    check_sensor,
    check_speaker,
)
from hardware.errors import HardwareError, MissingError
from hardware.patient import absence
from hardware.pi.gpio import shared_factory
from hardware.ports import Part
from hardware.registry import BoardOptions, open_board
from tests.hil.conftest import Absent
from tests.support.hil_bench import Bench
from tests.support.hil_drivers import camera_driver, pin_driver, relay_driver, sound_driver
from tests.support.hil_keeper import keeper
from tests.support.hil_settings import settings_here

Note = Callable[[str, object], None]


@pytest.fixture
def options(tmp_path: Path) -> BoardOptions:
    """The board of the settings in force, with a lock of the test's own."""
    here = settings_here()
    settings = here.model_copy(
        update={"state": here.state.model_copy(update={"directory": tmp_path})}
    )
    return replace(options_of(settings), lock_socket=tmp_path / "lock.sock")


@pytest.fixture
def board(options: BoardOptions) -> Iterator[Board]:
    """The Pi's board, not yet entered. The pins are given back for the doorbell itself."""
    yield open_board("pi", options)
    if shared_factory.cache_info().currsize:
        shared_factory().close()
        shared_factory.cache_clear()


@pytest.fixture
def kept(options: BoardOptions, bench: Bench) -> Iterator[None]:
    """The lock's keeper, running."""
    assert options.lock_socket is not None
    with keeper(options.lock_socket, options.pins.lock):
        yield


async def there(part: Part, name: str, absent: Absent) -> None:
    """Skip the test, with the driver's own sentence, if the part is not there."""
    try:
        async with part:
            why: HardwareError | None = absence(part)
    except MissingError as error:
        why = error
    if why is not None:
        absent(name, str(why))


async def test_camera(
    board: Board, options: BoardOptions, absent: Absent, record_property: Note
) -> None:
    record_property("driver", camera_driver())
    await there(board.camera, "camera", absent)
    await check_camera(open_board("pi", options).camera)


async def test_microphone(board: Board, absent: Absent, record_property: Note) -> None:
    record_property("driver", sound_driver())
    await there(board.microphone, "microphone", absent)
    await check_microphone(board.microphone)


async def test_speaker(board: Board, absent: Absent, record_property: Note) -> None:
    record_property("driver", sound_driver())
    await there(board.speaker, "speaker", absent)
    await check_speaker(board.speaker)


async def test_echo_canceller(board: Board, record_property: Note) -> None:
    record_property("driver", type(board.canceller).__name__)
    await check_canceller(board.canceller)


async def test_button(
    board: Board, options: BoardOptions, bench: Bench, record_property: Note
) -> None:
    record_property("driver", pin_driver())
    # The button closes to ground.
    bench.drive(options.pins.button, True)
    await check_sensor(board.button, lambda on: bench.drive(options.pins.button, not on))


async def test_motion_sensor(
    board: Board, options: BoardOptions, bench: Bench, record_property: Note
) -> None:
    record_property("driver", pin_driver())
    bench.drive(options.pins.motion, False)
    await check_sensor(board.motion, lambda on: bench.drive(options.pins.motion, on))


async def test_light(
    board: Board, options: BoardOptions, bench: Bench, record_property: Note
) -> None:
    record_property("driver", pin_driver())
    await check_light(board.light, lambda: bench.level(options.pins.light))


async def test_chime(
    board: Board, options: BoardOptions, bench: Bench, record_property: Note
) -> None:
    record_property("driver", pin_driver())
    await check_chime(board.chime, lambda: bench.level(options.pins.chime))


async def test_indicator(board: Board, bench: Bench, record_property: Note) -> None:
    record_property("driver", pin_driver())
    await check_indicator(board.indicator)


@pytest.mark.usefixtures("kept")
async def test_lock(
    board: Board, options: BoardOptions, bench: Bench, record_property: Note
) -> None:
    record_property("driver", f"keeper on {relay_driver()}")
    await check_lock(board.lock, lambda: bench.level(options.pins.lock))


@pytest.mark.usefixtures("kept")
async def test_whole_board(
    board: Board, options: BoardOptions, bench: Bench, absent: Absent, record_property: Note
) -> None:
    record_property("driver", "all of the above")
    await there(board.camera, "camera", absent)
    await there(board.microphone, "microphone", absent)
    bench.drive(options.pins.button, True)
    await check_board(lambda: open_board("pi", options))
