"""The boards by name. The only place that knows them all; a board's drivers load when it opens."""

from __future__ import annotations

from difflib import get_close_matches

from hardware.board import Board
from hardware.options import BoardOptions, Optics, PictureMotion, Pins

__all__ = ["BOARD_NAMES", "BoardOptions", "Optics", "PictureMotion", "Pins", "open_board"]

BOARD_NAMES = ("twin", "pi")


def open_board(name: str, options: BoardOptions) -> Board:
    """A board, not yet entered (`async with` opens its parts).

    Raises ValueError for an unknown name, MissingError when a driver or file is not there; both
    are one sentence with the remedy.
    """
    match name:
        case "twin":
            from hardware.twin.board import open_twin

            return open_twin(options)
        case "pi":
            from hardware.pi.board import open_pi

            return open_pi(options)
        case _:
            near = get_close_matches(name, BOARD_NAMES, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"There is no board {name!r}.{hint} The boards are: twin, pi.")
