"""Whose right it is: what a paired phone may do at one doorbell."""

from __future__ import annotations

from typing import Protocol

from cloud.shared.problems import ProblemError
from protocol.door import Phone, Right


class Rights(Protocol):
    """Where rights are found."""

    def phone(self, phone: str, doorbell: str) -> Phone | None: ...


_WORDS: dict[Right, str] = {
    "view": "see this doorbell",
    "talk": "talk at this doorbell",
    "light": "switch the light",
    "chime": "sound the chime",
    "unlock": "unlock this door",
    "history": "see past visits",
    "admin": "manage this doorbell",
}


def need(rights: Rights, phone: str, doorbell: str, right: Right) -> Phone:
    """The phone, if it has the right; ProblemError 404 or 403 otherwise.

    A doorbell that the phone is not paired with is as unknown to it as one that does not exist.
    """
    known = rights.phone(phone, doorbell)
    if known is None:
        raise unknown_doorbell()
    if right not in known.rights:
        detail = f"This phone may not {_WORDS[right]}. Ask an admin of the household."
        raise ProblemError(403, "Not allowed", detail)
    return known


def unknown_doorbell() -> ProblemError:
    return ProblemError(404, "Unknown doorbell", "This phone knows no such doorbell.")


def unknown_visit() -> ProblemError:
    return ProblemError(404, "Unknown visit", "There is no such visit; it may have been deleted.")
