"""Opening the door of a whole doorbell service, as a paired phone does it in its call."""

from __future__ import annotations

from protocol import jws
from protocol.control import (
    COMMAND_TYP,
    Challenge,
    ControlReply,
    Unlock,
    UnlockCommand,
    UnlockConfirm,
    Unlocked,
)
from protocol.identity import PublicKey
from tests.support.phone import LoopPhone


async def unlock(phone: LoopPhone, key: PublicKey) -> tuple[str, Unlocked]:
    """The command that the phone has signed, and the receipt for it."""
    command, reply = await slide(phone, key)
    assert isinstance(reply, Unlocked), reply
    return command, reply


async def slide(phone: LoopPhone, key: PublicKey, *, first_id: int = 1) -> tuple[str, ControlReply]:
    """The command that the phone has signed, and whatever the doorbell says to it.

    Every sliding of a call needs two ids of its own.
    """
    challenge = await phone.ask(Unlock(id=first_id))
    assert isinstance(challenge, Challenge), challenge
    statement = UnlockCommand(
        doorbell=key.id, phone=phone.identity.id, channel=phone.channel,
        challenge=challenge.challenge,
    )  # fmt: skip
    command = jws.seal(phone.identity, COMMAND_TYP, statement)
    return command, await phone.ask(UnlockConfirm(id=first_id + 1, command=command))
