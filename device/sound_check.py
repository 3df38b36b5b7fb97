"""`check sound`: plays something, listens, and says how microphone and speaker get on."""

from __future__ import annotations

import asyncio

from device import wiring
from device.errors import StartError
from device.settings import Settings
from hardware.board import Board
from hardware.errors import BusyError, HardwareError
from hardware.sound_check.run import run
from hardware.sound_check.verdict import Measured, judge, lines

FREE_THE_CARD = "If the doorbell runs, stop it meanwhile: sudo systemctl stop doorstep-device"


def check_sound(settings: Settings) -> int:
    """Print the figures and what they mean; exit code 2 when people could not talk."""
    board = wiring.board_of(settings)
    _put_walls_around(board)
    print("Playing for seven seconds. Please be quiet.", flush=True)
    try:
        measured = asyncio.run(_measured(board))
    except BusyError as error:
        raise StartError(f"{error} {FREE_THE_CARD}") from error
    except HardwareError as error:
        raise StartError(str(error)) from error
    verdict = judge(measured)
    for line in (*lines(measured), *verdict.sentences):
        print(line)
    return 0 if verdict.works else 2


async def _measured(board: Board) -> Measured:
    """Only the parts that sound; the rest of the board stays as it is."""
    async with board.canceller as canceller, board.speaker as speaker, board.microphone as heard:
        return await run(heard, speaker, canceller)


def _put_walls_around(board: Board) -> None:
    """The twin's porch has none, so that its microphone would not hear its speaker."""
    from hardware.twin.board import TwinBoard

    if isinstance(board, TwinBoard):
        from hardware.twin.room import Room

        Room(board.world.ears, board.world.voice)
