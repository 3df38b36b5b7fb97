"""What can go wrong with a part of the board.

HardwareError (RuntimeError)
├── MissingError   the part, its driver or its file is not there
├── BusyError      another program or another part holds it
├── StalledError   it answered once and does not any more
└── ClosedError    it was used after its life
"""


class HardwareError(RuntimeError):
    """A part of the board does not work; the text is one sentence with the remedy."""


class MissingError(HardwareError):
    """The part, its driver or its file is not there."""


class BusyError(HardwareError):
    """Someone else holds the part."""


class StalledError(HardwareError):
    """The part stopped answering."""


class ClosedError(HardwareError):
    """The part was used outside its life."""
