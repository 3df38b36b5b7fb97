"""What somebody in the house may ask at the doorbell's own terminal about its phones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from device.program import typed
from device.services.admin import Command, CommandRefusedError, WordCommand
from device.services.household import ADMIN, GUEST, Household, HouseholdError, LastAdminError
from device.services.household_book import KeptPhone
from device.services.pairing import Pairing
from protocol.pairing import Invitation

log = logging.getLogger(__name__)

Reply = dict[str, object]

_LAST_ADMIN = (
    "This is the last phone that manages the household. Pair another and let it manage first,"
    f" or take all phones out with {typed('reset')}."
)
_DISK = "The list of phones cannot be written: {}. Free the disk and try again."


class Terminal:
    """Commands for the admin socket; `link_of` writes a pairing link."""

    def __init__(
        self, household: Household, pairing: Pairing, link_of: Callable[[Invitation], str]
    ) -> None:
        self._household = household
        self._pairing = pairing
        self._link_of = link_of

    @property
    def commands(self) -> Mapping[str, Command]:
        return {"pair": self.pair, "phones": self.phones, "reset": self.reset}

    @property
    def word_commands(self) -> Mapping[str, WordCommand]:
        return {"remove_phone": self.remove_phone}

    def pair(self) -> Reply:
        """A fresh pairing link, and what the phone that uses it may do."""
        access = GUEST if self._household.phones else ADMIN
        return {"link": self._link_of(self._pairing.invite()), "rights": access.rights}

    def phones(self) -> Reply:
        """All phones with their rights."""
        return {"phones": told(self._household.kept)}

    def remove_phone(self, wanted: str) -> Reply:
        """Take out the phone with that id or name. CommandRefusedError."""
        phone = self._the_one(wanted).phone
        try:
            self._household.remove(phone.id)
        except LastAdminError as error:
            raise CommandRefusedError(_LAST_ADMIN) from error
        except HouseholdError as error:
            raise CommandRefusedError(str(error)) from error
        except OSError as error:
            raise CommandRefusedError(_DISK.format(error.strerror)) from error
        return {"id": phone.id, "name": phone.name}

    def reset(self) -> Reply:
        """Take all phones out; the reply is a link for the first of the next ones."""
        try:
            self._household.reset()
        except OSError as error:
            raise CommandRefusedError(_DISK.format(error.strerror)) from error
        return self.pair()

    def _the_one(self, wanted: str) -> KeptPhone:
        kept = self._household.kept
        found = [k for k in kept if k.phone.id == wanted] or [
            k for k in kept if k.phone.name == wanted
        ]
        if not found:
            raise CommandRefusedError(
                f"No phone has this id or name. {typed('phones')} lists them."
            )
        if len(found) > 1:
            ids = ", ".join(k.phone.id for k in found)
            raise CommandRefusedError(f"{len(found)} phones have this name. Say one's id: {ids}.")
        return found[0]


def told(phones: tuple[KeptPhone, ...]) -> list[dict[str, object]]:
    """Phones as JSON for the terminal, without their keys."""
    return [
        {
            **kept.phone.model_dump(mode="json"),
            "since_ms": kept.since_ms,
            "changed_ms": kept.changed_ms,
            "passkey": kept.passkey is not None,
        }
        for kept in phones
    ]
