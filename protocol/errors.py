"""What can be wrong with a message, and whose fault it is.

ProtocolError (ValueError)
├── LocalProtocolError    we were about to say something that is not in the protocol: our bug
└── RemoteProtocolError   the peer said something that is not in the protocol: their fault
    └── ClockError        the peer's clock, or ours, is wrong
"""


class ProtocolError(ValueError):
    """A message does not follow the protocol. Raise one of the two kinds below."""


class LocalProtocolError(ProtocolError):
    """We broke the protocol."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol; the text is one sentence that may be sent back to it."""


class ClockError(RemoteProtocolError):
    """A token is of another time than ours."""
